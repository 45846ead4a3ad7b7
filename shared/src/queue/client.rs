//! A queue in a process that did not make it.
//!
//! A handle arrives with a token. When it is first used, the process attaches: it asks the creator
//! for the memory, once for all its handles of that queue. After that the creator is needed only for
//! items that cannot lie in memory. The process watches the creator; when that is gone, so is the
//! queue.

use super::protocol::{Attach, QueueId, Reply, Request};
use super::server::own_pid_namespace;
use super::store::Store;
use crate::memory::owner;
use crate::transport::channel::{Sender, channel};
use crate::transport::message::{self, Message};
use crate::transport::peer::{Dependent, Peer};
use crate::{Error, Result};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use std::{io, thread};

/// What the handles of one queue share in this process.
pub(super) struct Client {
    pub(super) id: QueueId,
    token: Mutex<Weak<Sender>>,
    attached: Mutex<Option<Arc<Attached>>>,
}

/// The queue's memory, and the way to its creator.
pub(super) struct Attached {
    id: QueueId,
    number: u64,
    pub(super) store: Store,
    door: Sender,
    _creator: Arc<Peer>,
    _dependent: Arc<dyn Dependent>,
}

static CLIENTS: Mutex<Option<HashMap<QueueId, Weak<Client>>>> = Mutex::new(None);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while it was held cannot leave a map half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// The queue that a handle has come from, and the token that all of its handles here share.
    pub(super) fn of(id: QueueId, token: Sender) -> (Arc<Client>, Arc<Sender>) {
        let mut clients = lock(&CLIENTS);
        let clients = clients.get_or_insert_default();
        let client = clients.get(&id).and_then(Weak::upgrade).unwrap_or_else(|| {
            clients.retain(|_, client| client.strong_count() > 0);
            let (token, attached) = Default::default();
            let client = Arc::new(Client { id, token, attached });
            clients.insert(id, Arc::downgrade(&client));
            client
        });
        let mut known = lock(&client.token);
        let token = known.upgrade().unwrap_or_else(|| Arc::new(token));
        *known = Arc::downgrade(&token);
        drop(known);
        (client, token)
    }

    /// The queue's memory; asks the creator for it the first time.
    pub(super) fn attached(&self, token: Option<&Sender>) -> Result<Arc<Attached>> {
        let mut attached = lock(&self.attached);
        if let Some(attached) = &*attached {
            return Ok(Arc::clone(attached));
        }
        let token = token.ok_or(Error::Closed)?;
        Ok(Arc::clone(attached.insert(Attached::new(self.id, token)?)))
    }
}

impl Attached {
    fn new(id: QueueId, token: &Sender) -> Result<Arc<Attached>> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (process, pid_namespace) = (owner::process()?, own_pid_namespace());
        let attachment = NEXT.fetch_add(1, Ordering::Relaxed);
        let reply = call(token, |reply| {
            message::encode(&Attach { process, attachment, pid_namespace, reply })
        })?;
        let Reply::Attached { memory, door } = reply else { return Err(unexpected(reply)) };
        let store = Store::open(memory.0)?;
        let dependent: Arc<dyn Dependent> = Arc::new(CreatorEnd(store.clone()));
        let creator = Peer::watch(id.creator, &dependent)?;
        let number = attachment;
        Ok(Arc::new(Attached { id, number, store, door, _creator: creator, _dependent: dependent }))
    }

    /// Gives an item to the creator to keep, and says how it is called there.
    pub(super) fn keep(&self, item: Message) -> Result<u64> {
        let (queue, process) = (self.id, owner::process()?);
        let copy = item.copy();
        let mut item = Some(item);
        let reply = call(&self.door, |reply| {
            // One that holds ends can be sent only once.
            let item = copy.as_ref().and_then(Message::copy).or_else(|| item.take());
            let item = item.ok_or_else(at_limit)?;
            message::encode(&Request::Store { queue, process, item, reply })
        })?;
        if let Reply::Stored(parcel) = reply { Ok(parcel) } else { Err(unexpected(reply)) }
    }

    /// The item of that name; `None` when it has moved to a process that is gone.
    pub(super) fn fetch(&self, parcel: u64) -> Result<Option<Message>> {
        let queue = self.id;
        match call(&self.door, |reply| message::encode(&Request::Fetch { queue, parcel, reply }))? {
            Reply::Item(item) => Ok(Some(item)),
            Reply::Nothing => Ok(None),
            reply => Err(unexpected(reply)),
        }
    }

    pub(super) fn discard(&self, parcel: u64) {
        self.tell(&Request::Discard { queue: self.id, parcel });
    }

    fn tell(&self, request: &Request) {
        // If the creator is gone, so is the queue.
        let _ = message::encode(request).and_then(|message| self.door.send_single(message));
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        if message::codec_available()
            && let Ok(process) = owner::process()
        {
            self.tell(&Request::Detach { queue: self.id, process, attachment: self.number });
        }
    }
}

/// What is to be done when the creator has ended.
struct CreatorEnd(Store);

impl Dependent for CreatorEnd {
    fn on_end(&self) {
        self.0.set_gone();
    }
}

/// Asks the creator, and waits for its reply. A creator at its limit of open files loses the sender
/// for the reply on the way; then it is asked a few times more.
fn call(to: &Sender, request: impl FnMut(Sender) -> Result<Message>) -> Result<Reply> {
    let mut request = request;
    for _ in 0..10 {
        let (reply, replies) = channel()?;
        to.send_single(request(reply)?)?;
        match replies.recv(None) {
            Ok(Some(reply)) => return message::decode(reply),
            Ok(None) | Err(Error::Closed) => thread::sleep(Duration::from_millis(5)),
            Err(error) => return Err(error),
        }
    }
    Err(at_limit())
}

fn at_limit() -> Error {
    let limit = "it is at its limit of open files (ulimit -n)";
    let doing = "the process that made the queue could not answer";
    Error::io(doing)(io::Error::other(limit))
}

fn unexpected(reply: Reply) -> Error {
    let doing = "the process that made the queue refused";
    match reply {
        Reply::Failed(reason) => Error::io(doing)(io::Error::other(reason)),
        _ => Error::Closed,
    }
}
