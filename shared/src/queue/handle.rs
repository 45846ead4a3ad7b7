//! A handle of a queue, without the type of its items: here or in the process that made it.

use super::client::{Attached, Client};
use super::hands::{Hand, MAX_INLINE};
use super::protocol::QueueId;
use super::server::{PARCEL, Right, Server};
use super::store::Store;
use crate::memory::owner;
use crate::memory::wait::Spin;
use crate::transport::channel::Sender;
use crate::transport::message::{self, Endpoint, Message};
use crate::{Error, Result};
use std::cell::{OnceCell, RefCell};
use std::sync::Arc;
use std::time::Instant;
use std::{mem, thread};

/// A handle. It is used by one thread at a time, since it has one hand.
pub(super) struct Handle {
    home: Home,
    consumer: RefCell<Consumer>,
    spin: Spin,
}

enum Home {
    /// In the process that made the queue. Without its right, the handle only gets.
    Local { server: Arc<Server>, right: Option<Right> },
    /// In any other. Without its token, the handle only gets.
    Remote { client: Arc<Client>, token: Option<Arc<Sender>>, attached: OnceCell<Arc<Attached>> },
}

/// What a handle needs to get items; it has a hand from its first `get`.
#[derive(Default)]
struct Consumer {
    hand: Option<Hand>,
    bytes: Vec<u8>,
}

/// An item, as it came.
pub(super) enum Received {
    Bytes(Vec<u8>),
    Message(Message),
}

impl Handle {
    pub(super) fn new(bound: Option<usize>) -> Result<Handle> {
        let server = Server::new(bound)?;
        let right = Some(Right::new(&server));
        Ok(Handle::of(Home::Local { server, right }))
    }

    fn of(home: Home) -> Handle {
        Handle { home, consumer: RefCell::default(), spin: Spin::default() }
    }

    /// A handle that has come from another process, or back home.
    pub(super) fn arrived(id: QueueId, token: Sender) -> Handle {
        Handle::of(if let Some(server) = Server::find(id) {
            let right = Some(Right::new(&server));
            Home::Local { server, right }
        } else {
            let (client, token) = Client::of(id, token);
            Home::Remote { client, token: Some(token), attached: OnceCell::new() }
        })
    }

    /// The queue's name, and the token that a handle takes along to another process.
    pub(super) fn token(&self) -> Result<(QueueId, Sender)> {
        match &self.home {
            Home::Local { server, .. } => Ok((server.id, server.token()?)),
            Home::Remote { client, token, .. } => {
                let token = token.as_deref().ok_or(Error::Closed)?;
                Ok((client.id, token.clone()))
            }
        }
    }

    fn attached(&self) -> Result<Option<&Arc<Attached>>> {
        let Home::Remote { client, token, attached } = &self.home else { return Ok(None) };
        if let Some(attached) = attached.get() {
            return Ok(Some(attached));
        }
        let now = client.attached(token.as_deref())?;
        Ok(Some(attached.get_or_init(|| now)))
    }

    pub(super) fn store(&self) -> Result<&Store> {
        match &self.home {
            Home::Local { server, .. } => Ok(&server.store),
            Home::Remote { .. } => Ok(&self.attached()?.ok_or(Error::Closed)?.store),
        }
    }

    /// Puts an encoded item. One that holds ends, or is long, goes to the creator, and its name into
    /// the queue.
    pub(super) fn put(
        &self,
        body: &mut Vec<u8>,
        ends: Vec<Endpoint>,
        deadline: Option<Instant>,
    ) -> Result<()> {
        let store = self.store()?;
        let is_only = || self.is_only();
        if ends.is_empty() && body.len() <= MAX_INLINE {
            return store.put(0, body, deadline, is_only);
        }
        let parcel = self.keep(Message::new(mem::take(body), ends))?;
        let put = store.put(PARCEL, &parcel.to_le_bytes(), deadline, is_only);
        if put.is_err() {
            self.discard(parcel);
        }
        put
    }

    /// Whether no other handle is left that could put, in any process, and the queue was made here.
    /// Asked only by one that waits.
    fn is_only_local(&self) -> bool {
        match &self.home {
            Home::Local { server, .. } => server.is_only_handle(),
            Home::Remote { .. } => false,
        }
    }

    /// Whether nobody is left that could make room: no other handle, and nobody that iterates.
    fn is_only(&self) -> bool {
        self.is_only_local()
            && self
                .store()
                .is_ok_and(|store| !store.hands().has_others(self.consumer.borrow().hand.as_ref()))
    }

    /// Takes an item; the one before is done then. `until_alone` ends the wait also when no handle is
    /// left that could put.
    pub(super) fn get(&self, deadline: Option<Instant>, until_alone: bool) -> Result<Received> {
        let store = self.store()?;
        let mut consumer = self.consumer.borrow_mut();
        let Consumer { hand, bytes } = &mut *consumer;
        loop {
            if hand.is_none() {
                *hand = Some(store.claim(deadline)?);
            }
            let Some(own) = hand else { return Err(Error::Closed) };
            self.finish(store, own, bytes)?;
            let waiting = (&self.spin, || self.is_only_local());
            if store.get(own, bytes, deadline, until_alone, waiting)? != PARCEL {
                return Ok(Received::Bytes(mem::take(bytes)));
            }
            match self.fetch(parcel_in(bytes)) {
                Ok(Some(item)) => return Ok(Received::Message(item)),
                // It had moved to a process that is gone.
                Ok(None) => {}
                Err(error) => {
                    store.put_back(own);
                    *hand = None;
                    return Err(error);
                }
            }
        }
    }

    /// Takes the room for bytes back, for the next item.
    pub(super) fn reuse(&self, bytes: Vec<u8>) {
        if let Ok(mut consumer) = self.consumer.try_borrow_mut() {
            consumer.bytes = bytes;
        }
    }

    /// Says that the item in hand is done.
    fn finish(&self, store: &Store, hand: &Hand, bytes: &mut Vec<u8>) -> Result<()> {
        match store.hands().held(hand) {
            None => return Ok(()),
            Some(PARCEL) => {
                store.hands().content(hand, bytes)?;
                self.discard(parcel_in(bytes));
            }
            Some(_) => {}
        }
        store.done(hand);
        Ok(())
    }

    fn keep(&self, item: Message) -> Result<u64> {
        match (&self.home, self.attached()?) {
            (Home::Local { server, .. }, _) => Ok(server.keep(item, owner::process()?)),
            (_, Some(attached)) => attached.keep(item),
            (_, None) => Err(Error::Closed),
        }
    }

    fn fetch(&self, parcel: u64) -> Result<Option<Message>> {
        match (&self.home, self.attached()?) {
            (Home::Local { server, .. }, _) => Ok(server.fetch(parcel)),
            (_, Some(attached)) => attached.fetch(parcel),
            (_, None) => Err(Error::Closed),
        }
    }

    fn discard(&self, parcel: u64) {
        match (&self.home, self.attached()) {
            (Home::Local { server, .. }, _) => server.discard(parcel),
            (_, Ok(Some(attached))) => attached.discard(parcel),
            _ => {}
        }
    }

    /// The items that killed two consumers each; the creator keeps them.
    pub(super) fn take_dead(&self) -> Result<Vec<Received>> {
        let Home::Local { server, .. } = &self.home else { return Err(Error::NotCreator) };
        let dead = server.take_dead()?;
        let receive = |(kind, bytes): (_, Vec<u8>)| match kind {
            PARCEL => {
                let item = server.fetch(parcel_in(&bytes)).map(Received::Message);
                server.discard(parcel_in(&bytes));
                item
            }
            _ => Some(Received::Bytes(bytes)),
        };
        Ok(dead.into_iter().filter_map(receive).collect())
    }

    /// From now on this handle only gets.
    pub(super) fn give_up_right(&mut self) -> Result<()> {
        self.attached()?;
        match &mut self.home {
            Home::Local { right, .. } => drop(right.take()),
            Home::Remote { token, .. } => drop(token.take()),
        }
        Ok(())
    }
}

fn parcel_in(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(u64::MAX, u64::from_le_bytes)
}

impl Clone for Handle {
    fn clone(&self) -> Handle {
        Handle::of(match &self.home {
            Home::Local { server, right } => {
                Home::Local { server: Arc::clone(server), right: right.clone() }
            }
            Home::Remote { client, token, attached } => Home::Remote {
                client: Arc::clone(client),
                token: token.clone(),
                attached: attached.clone(),
            },
        })
    }
}

impl Drop for Handle {
    /// The item in hand is done, but not if this is a panic: then it comes back, as after a kill.
    fn drop(&mut self) {
        let Consumer { hand, mut bytes } = self.consumer.take();
        let Some(hand) = hand else { return };
        let Ok(store) = self.store() else { return };
        let is_done = !thread::panicking() && message::codec_available();
        if is_done && self.finish(store, &hand, &mut bytes).is_ok() {
            store.hands().give_up(&hand);
        } else {
            store.die(&hand);
        }
    }
}
