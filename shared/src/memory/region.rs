//! A piece of memory that several processes have: a file without a name (`memfd`), mapped by each.
//!
//! The file may grow and never shrinks; the kernel holds every process to that by a seal. Pages are
//! allocated before they are touched, so an access cannot end in SIGBUS. Pages that are given back
//! are allocated anew before their next use. The memory goes when the last process that has it is
//! gone: there is no name to remove.
//!
//! Another process may write at any time. So all access is by atomics, or copies in and out.

use crate::{Error, Result};
use rustix::fs::{FallocateFlags, MemfdFlags, SealFlags, fallocate, ftruncate, memfd_create};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use vm_memory::{AtomicInteger, Bytes, FileOffset, MmapRegion, VolatileMemory};

pub(crate) const PAGE: usize = 4096;

/// The file, and its first part, which stays mapped. A clone is the same memory.
#[derive(Clone)]
pub(crate) struct Region {
    file: Arc<File>,
    header: Arc<MmapRegion>,
}

/// A mapped piece of a region.
pub(crate) struct Area(MmapRegion);

fn failed(errno: Errno) -> Error {
    Error::io("shared memory could not be made")(errno)
}

impl Region {
    /// Makes a region whose header has `mapped` bytes, of which the first `present` are allocated.
    pub(crate) fn new(mapped: usize, present: usize) -> Result<Region> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        // Older kernels than 6.3 do not know that memory can be marked as nothing to execute.
        let file = match memfd_create("shared", flags | MemfdFlags::NOEXEC_SEAL) {
            Err(Errno::INVAL) => memfd_create("shared", flags),
            file => file,
        };
        let file = file.map_err(failed)?;
        rustix::fs::fcntl_add_seals(&file, SealFlags::SHRINK).map_err(failed)?;
        let file = Arc::new(File::from(file));
        extend(&file, mapped as u64)?;
        allocate(&file, 0, present)?;
        Region::open(file, mapped)
    }

    /// A region that another process made.
    pub(crate) fn open(file: Arc<File>, mapped: usize) -> Result<Region> {
        let header = Arc::new(map(&file, 0, mapped)?);
        Ok(Region { file, header })
    }

    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// How long the file is.
    pub(crate) fn length(&self) -> u64 {
        self.file.metadata().map_or(0, |data| data.len())
    }

    /// What `/proc/PID/maps` calls this memory.
    pub(crate) fn inode(&self) -> u64 {
        self.file.metadata().map_or(0, |data| data.ino())
    }

    /// An atomic in the header, at a fixed place.
    pub(crate) fn atomic<A: AtomicInteger>(&self, place: usize) -> &A {
        self.header.get_atomic_ref(place).expect("the place is fixed, aligned and in the header")
    }

    /// Copies from the header.
    pub(crate) fn read(&self, place: usize, bytes: &mut [u8]) -> Result<()> {
        self.header.as_volatile_slice().read_slice(bytes, place).map_err(outside)
    }

    /// Copies to the header.
    pub(crate) fn write(&self, place: usize, bytes: &[u8]) -> Result<()> {
        self.header.as_volatile_slice().write_slice(bytes, place).map_err(outside)
    }

    /// Maps a piece, of which the first `present` bytes are allocated.
    pub(crate) fn area(&self, start: u64, length: usize, present: usize) -> Result<Area> {
        extend(&self.file, start + length as u64)?;
        allocate(&self.file, start, present)?;
        map(&self.file, start, length).map(Area)
    }

    /// Allocates pages.
    pub(crate) fn allocate(&self, start: u64, length: usize) -> Result<()> {
        allocate(&self.file, start, length)
    }

    /// Gives pages back to the system. What they held is gone.
    pub(crate) fn release(&self, start: u64, length: usize) {
        let punch = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        // Where it fails, they are given back with the region.
        let _ = fallocate(&self.file, punch, start, length as u64);
    }
}

impl Area {
    pub(crate) fn read(&self, place: usize, bytes: &mut [u8]) -> Result<()> {
        self.0.as_volatile_slice().read_slice(bytes, place).map_err(outside)
    }

    pub(crate) fn write(&self, place: usize, bytes: &[u8]) -> Result<()> {
        self.0.as_volatile_slice().write_slice(bytes, place).map_err(outside)
    }

    /// Copies from this piece to another.
    pub(crate) fn copy(&self, from: usize, to: &Area, place: usize, length: usize) -> Result<()> {
        let source = self.0.get_slice(from, length).map_err(outside)?;
        let target = to.0.get_slice(place, length).map_err(outside)?;
        source.copy_to_volatile_slice(target);
        Ok(())
    }
}

fn outside(error: vm_memory::VolatileMemoryError) -> Error {
    overwritten(error)
}

/// What another process wrote into the memory makes no sense, such as a place out of it.
pub(crate) fn overwritten(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let source = std::io::Error::new(std::io::ErrorKind::InvalidData, what);
    Error::io("shared memory was overwritten by another program")(source)
}

/// Makes the file so long. Another process may do so at the same time, and go further.
fn extend(file: &File, length: u64) -> Result<()> {
    let present = || {
        file.metadata()
            .map(|data| data.len())
            .map_err(|error| Error::io("shared memory could not be made")(error))
    };
    while present()? < length {
        check_size_limit(length)?;
        match ftruncate(file, length) {
            // It has become longer meanwhile, and is not to shrink.
            Err(Errno::PERM) => {}
            result => result.map_err(failed)?,
        }
    }
    Ok(())
}

fn allocate(file: &File, start: u64, length: usize) -> Result<()> {
    if length == 0 {
        return Ok(());
    }
    check_size_limit(start + length as u64)?;
    check_available(length)?;
    rustix::io::retry_on_intr(|| fallocate(file, FallocateFlags::empty(), start, length as u64))
        .map_err(failed)
}

/// Beyond the limit of a file's size the kernel would end this process (SIGXFSZ).
fn check_size_limit(length: u64) -> Result<()> {
    match getrlimit(Resource::Fsize).current {
        Some(limit) if limit < length => Err(failed(Errno::FBIG)),
        _ => Ok(()),
    }
}

/// Less than this (16 MiB) is not worth a look into `/proc`.
const ALWAYS_ALLOCATED: usize = 16 << 20;

/// Memory in a file belongs to no process. If the system has less than is asked for, the kernel ends
/// other programs, one after another, in the hope that it becomes free.
fn check_available(length: usize) -> Result<()> {
    if length < ALWAYS_ALLOCATED {
        return Ok(());
    }
    let Ok(info) = std::fs::read_to_string("/proc/meminfo") else { return Ok(()) };
    let kilobytes = |name| {
        let line = info.lines().find(|line| line.starts_with(name))?;
        line.split_ascii_whitespace().nth(1)?.parse::<usize>().ok()
    };
    let available = kilobytes("MemAvailable:").map(|free| {
        free.saturating_add(kilobytes("SwapFree:").unwrap_or_default()).saturating_mul(1024)
    });
    match available {
        Some(available) if available < length => Err(failed(Errno::NOMEM)),
        _ => Ok(()),
    }
}

fn map(file: &Arc<File>, start: u64, length: usize) -> Result<MmapRegion> {
    let place = FileOffset::from_arc(Arc::clone(file), start);
    let doing = Error::io("shared memory could not be mapped");
    MmapRegion::from_file(place, length).map_err(|error| {
        doing(match error {
            vm_memory::mmap::MmapRegionError::Mmap(error) => error,
            error => std::io::Error::other(error),
        })
    })
}
