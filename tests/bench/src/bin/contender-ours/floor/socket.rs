//! One end of a socketpair.

use crate::measure::Result;
use crate::roles::Link;
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{recv, send, socketpair};
use std::str;

/// One end of a socketpair; what it says fits into one packet.
pub struct Socket(pub OwnedFd);

pub fn pair(kind: SocketType) -> Result<(Socket, Socket)> {
    let (near, far) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
    Ok((Socket(near), Socket(far)))
}

pub fn packets() -> Result<(Socket, Socket)> {
    pair(SocketType::SEQPACKET)
}

impl Socket {
    /// A child's own: standard input or output.
    pub fn standard(fd: BorrowedFd<'_>) -> Result<Socket> {
        Ok(Socket(fcntl_dupfd_cloexec(fd, 3)?))
    }

    pub fn send(&self, packet: &[u8]) -> Result<()> {
        send(&self.0, packet, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    pub fn recv<'a>(&self, buffer: &'a mut [u8]) -> Result<&'a [u8]> {
        let (length, _) = recv(&self.0, &mut *buffer, RecvFlags::empty())?;
        Ok(&buffer[..length])
    }

    pub fn put(&self, item: &str) -> Result<()> {
        // An empty packet would look like the end.
        self.send(if item.is_empty() { b"\0" } else { item.as_bytes() })
    }

    pub fn get(&self) -> Result<String> {
        let mut buffer = [0; 64];
        let item = self.recv(&mut buffer)?;
        Ok(str::from_utf8(item)?.trim_end_matches('\0').to_owned())
    }

    pub fn get_number(&self) -> Result<u64> {
        let mut number = [0; 8];
        self.recv(&mut number)?;
        Ok(u64::from_le_bytes(number))
    }
}

impl Link for Socket {
    fn send(&mut self, number: u32) -> Result<()> {
        Socket::send(self, &number.to_le_bytes())
    }

    fn recv(&mut self) -> Result<u32> {
        let mut number = [0; 4];
        if Socket::recv(self, &mut number)?.is_empty() {
            return Err(Errno::PIPE.into());
        }
        Ok(u32::from_le_bytes(number))
    }
}
