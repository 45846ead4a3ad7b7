//! The creator's side of a queue that other processes have.
//!
//! It gives the memory to those that ask, keeps the items that cannot lie in memory (those that hold
//! channel ends, and long ones), and learns of two things: that a process is gone, and that no handle
//! is left that could put. For the second, every handle that could put, wherever it is, shares one
//! sender, the token; when the last clone is gone, the kernel says so at its receiver, also of clones
//! that lay in a message which nobody read.

use super::protocol::{Attach, QueueId, Reply, Request};
use super::store::Store;
use crate::memory::owner::{self, Life, Owner};
use crate::memory::ring::Kind;
use crate::transport::channel::Sender;
use crate::transport::descriptor::{Passed, receive_message, sender_to_socket};
use crate::transport::message::{self, Message};
use crate::transport::peer::{Dependent, Peer};
use crate::transport::watch::{Watch, wait_for_calls, watch};
use crate::{Error, Result};
use rustix::fd::OwnedFd;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A queue in the process that made it.
pub(super) struct Server {
    pub(super) id: QueueId,
    pub(super) store: Store,
    tokens: Mutex<Tokens>,
    /// Open from the first process that attaches.
    door: Mutex<Option<Arc<Door>>>,
    parcels: Mutex<HashMap<u64, Parcel>>,
    /// The processes that have attached. They keep the queue.
    clients: Mutex<HashMap<(Owner, u64), Client>>,
    /// Items that killed two consumers.
    dead: Mutex<Vec<(Kind, Vec<u8>)>>,
}

#[derive(Default)]
struct Tokens {
    /// How many handles of this process could put.
    local: usize,
    /// What handles that are passed on share; made when the first is.
    sender: Option<Sender>,
    /// The other ends of all tokens that may still be somewhere, by number.
    receivers: HashMap<u64, (Arc<OwnedFd>, Watch)>,
}

/// An item that the creator keeps, and which process brought it.
struct Parcel {
    item: Message,
    from: Owner,
}

/// The kind of a record that names a parcel.
pub(super) const PARCEL: Kind = 1;

static SERVERS: Mutex<Option<HashMap<QueueId, Weak<Server>>>> = Mutex::new(None);
static NEXT: AtomicU64 = AtomicU64::new(0);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while it was held cannot leave a map half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    pub(super) fn new(bound: Option<usize>) -> Result<Arc<Server>> {
        let store = Store::new(bound)?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let id = QueueId { creator: store.creator(), number };
        let (tokens, door, parcels, clients, dead) = Default::default();
        let server = Arc::new(Server { id, store, tokens, door, parcels, clients, dead });
        lock(&SERVERS).get_or_insert_default().insert(id, Arc::downgrade(&server));
        Ok(server)
    }

    /// The queue of that name, if it was made here and is still there.
    pub(super) fn find(id: QueueId) -> Option<Arc<Server>> {
        lock(&SERVERS).as_ref()?.get(&id)?.upgrade()
    }

    /// What a handle that is passed on takes along.
    pub(super) fn token(self: &Arc<Server>) -> Result<Sender> {
        let mut tokens = lock(&self.tokens);
        if let Some(sender) = &tokens.sender {
            return Ok(sender.clone());
        }
        let (sender, receiver) = sender_to_socket()?;
        let receiver = Arc::new(receiver);
        let key = NEXT.fetch_add(1, Ordering::Relaxed);
        // It keeps the queue while a token is anywhere.
        let (server, socket) = (Arc::clone(self), Arc::clone(&receiver));
        let watched = watch(&*receiver, move || server.serve_token(key, &socket))?;
        tokens.receivers.insert(key, (receiver, watched));
        tokens.sender = Some(sender.clone());
        Ok(sender)
    }

    /// Lets in those that have a token, until it is nowhere any more.
    fn serve_token(self: &Arc<Server>, key: u64, socket: &OwnedFd) {
        loop {
            match receive_message(socket).transpose() {
                None => return,
                Some(Ok(attach)) => {
                    if let Ok(attach) = message::decode(attach) {
                        self.attach(attach);
                    }
                }
                Some(Err(Error::Closed)) => break,
                // At the limit of open files a message loses its ends, and its sender sees that.
                Some(Err(_)) => {}
            }
        }
        let mut tokens = lock(&self.tokens);
        let ended = tokens.receivers.remove(&key);
        let is_alone = tokens.local == 0 && tokens.receivers.is_empty();
        drop(tokens);
        drop(ended);
        if is_alone {
            self.store.set_alone();
        }
    }

    fn attach(self: &Arc<Server>, attach: Attach) {
        let Attach { process, attachment, pid_namespace, reply } = attach;
        let answer = || {
            if pid_namespace != own_pid_namespace() {
                let reason = "a queue cannot be shared with a process in another PID namespace";
                return Ok(Reply::Failed(reason.to_owned()));
            }
            let door = self.door()?;
            self.watch_client(process, attachment)?;
            let memory = Passed(Arc::clone(self.store.region().file()));
            Ok(Reply::Attached { memory, door })
        };
        answer_with(&reply, answer());
    }

    fn door(&self) -> Result<Sender> {
        let mut door = lock(&self.door);
        match &*door {
            Some(door) => Ok(door.sender.clone()),
            None => Ok(door.insert(Door::open()?).sender.clone()),
        }
    }

    fn watch_client(self: &Arc<Server>, process: Owner, attachment: u64) -> Result<()> {
        let dependent: Arc<dyn Dependent> =
            Arc::new(ClientEnd { server: Arc::clone(self), process });
        let peer = Peer::watch(process, &dependent)?;
        let client = Client { _peer: peer, _dependent: dependent };
        lock(&self.clients).insert((process, attachment), client);
        // If it has ended before, nobody tells it any more.
        if owner::life(process) == Life::Ended {
            self.client_ended(process);
        }
        Ok(())
    }

    /// The last handle of a process is gone.
    fn detach(&self, process: Owner, attachment: u64) {
        let client = lock(&self.clients).remove(&(process, attachment));
        // It may be the last that kept this queue.
        drop(client);
    }

    /// Those that have ended, of which the watching may not have heard yet.
    fn forget_ended_clients(&self) {
        let clients: Vec<Owner> = lock(&self.clients).keys().map(|(process, _)| *process).collect();
        for process in clients {
            if owner::life(process) == Life::Ended {
                self.client_ended(process);
            }
        }
    }

    /// A process is gone: what it had in hand comes back, and what it had brought for records that it
    /// never wrote is dropped.
    fn client_ended(&self, process: Owner) {
        let of_it = |(owner, _): &(Owner, u64), _: &mut Client| *owner == process;
        let clients: Vec<_> = lock(&self.clients).extract_if(of_it).collect();
        let _ = self.store.reap();
        let _ = self.collect_dead();
        let brought = |(id, parcel): (&u64, &Parcel)| (parcel.from == process).then_some(*id);
        let parcels: Vec<u64> = lock(&self.parcels).iter().filter_map(brought).collect();
        for parcel in parcels {
            let name = parcel.to_le_bytes();
            let is_letter =
                lock(&self.dead).iter().any(|(kind, dead)| *kind == PARCEL && *dead == name);
            if let (false, Ok(false)) = (is_letter, self.store.contains(PARCEL, &name)) {
                self.discard(parcel);
            }
        }
        drop(clients);
    }

    /// Keeps an item, and names it.
    pub(super) fn keep(&self, item: Message, from: Owner) -> u64 {
        let parcel = NEXT.fetch_add(1, Ordering::Relaxed);
        lock(&self.parcels).insert(parcel, Parcel { item, from });
        parcel
    }

    /// A copy of an item that was kept; one that holds ends moves out.
    pub(super) fn fetch(&self, parcel: u64) -> Option<Message> {
        let mut parcels = lock(&self.parcels);
        match parcels.get(&parcel)?.item.copy() {
            Some(copy) => Some(copy),
            None => parcels.remove(&parcel).map(|parcel| parcel.item),
        }
    }

    pub(super) fn discard(&self, parcel: u64) {
        let parcel = lock(&self.parcels).remove(&parcel);
        // What it holds may be a handle of this queue.
        drop(parcel);
    }

    /// Takes the items that killed their consumers out of the memory.
    fn collect_dead(&self) -> Result<()> {
        let mut bytes = Vec::new();
        while let Some(kind) = self.store.take_dead(&mut bytes)? {
            lock(&self.dead).push((kind, std::mem::take(&mut bytes)));
        }
        Ok(())
    }

    /// The items that killed two consumers; each is given out once.
    pub(super) fn take_dead(&self) -> Result<Vec<(Kind, Vec<u8>)>> {
        self.store.reap()?;
        self.collect_dead()?;
        Ok(std::mem::take(&mut lock(&self.dead)))
    }

    /// Whether the one handle of this process is the only one anywhere that could put. Whatever was
    /// passed on before is passed on no more, so that its end can be seen.
    pub(super) fn is_only_handle(&self) -> bool {
        let mut tokens = lock(&self.tokens);
        let sender = if tokens.local == 1 { tokens.sender.take() } else { None };
        let is_only = tokens.local == 1 && tokens.receivers.is_empty();
        drop(tokens);
        drop(sender);
        is_only
    }

    fn serve(&self, request: Request) {
        match request {
            Request::Store { process, item, reply, .. } => {
                let parcel = self.keep(item, process);
                answer_with(&reply, Ok(Reply::Stored(parcel)));
            }
            Request::Fetch { parcel, reply, .. } => {
                let item = self.fetch(parcel);
                answer_with(&reply, Ok(item.map_or(Reply::Nothing, Reply::Item)));
            }
            Request::Discard { parcel, .. } => self.discard(parcel),
            Request::Detach { process, attachment, .. } => self.detach(process, attachment),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody else has the memory any more, or can still use it.
        self.store.set_gone();
        if let Some(servers) = &mut *lock(&SERVERS) {
            servers.remove(&self.id);
        }
    }
}

fn answer_with(reply: &Sender, answer: Result<Reply>) {
    let answer = answer.unwrap_or_else(|error| Reply::Failed(error.to_string()));
    let sent = message::encode(&answer).and_then(|message| reply.send_single(message));
    match sent {
        // It is gone, and was the only one that wanted to know.
        Ok(()) | Err(Error::Closed) => {}
        Err(error) => {
            let failed = message::encode(&Reply::Failed(error.to_string()));
            let _ = failed.and_then(|message| reply.send_single(message));
        }
    }
}

/// The right of this process's handles to put. A clone of the [`Arc`] around it is one more handle.
pub(super) struct Right(Arc<Server>);

impl Right {
    pub(super) fn new(server: &Arc<Server>) -> Right {
        lock(&server.tokens).local += 1;
        Right(Arc::clone(server))
    }
}

impl Clone for Right {
    fn clone(&self) -> Right {
        Right::new(&self.0)
    }
}

impl Drop for Right {
    fn drop(&mut self) {
        let server = &self.0;
        let mut tokens = lock(&server.tokens);
        tokens.local -= 1;
        if tokens.local > 0 {
            return;
        }
        let sender = tokens.sender.take();
        let sockets: Vec<_> =
            tokens.receivers.iter().map(|(key, (socket, _))| (*key, Arc::clone(socket))).collect();
        drop(tokens);
        drop(sender);
        if sockets.is_empty() {
            server.store.set_alone();
        }
        server.forget_ended_clients();
        // Where no token was anywhere else, everything is given back before this returns.
        for (key, socket) in sockets {
            server.serve_token(key, &socket);
        }
        wait_for_calls();
    }
}

/// A process that has attached, and is watched.
struct Client {
    _peer: Arc<Peer>,
    _dependent: Arc<dyn Dependent>,
}

/// What is to be done when it has ended.
struct ClientEnd {
    server: Arc<Server>,
    process: Owner,
}

impl Dependent for ClientEnd {
    fn on_end(&self) {
        self.server.client_ended(self.process);
    }
}

/// Where the processes that have attached to this one's queues hand in their requests.
struct Door {
    sender: Sender,
    _watch: Watch,
}

impl Door {
    /// The door of this process. It is there while a queue has it.
    fn open() -> Result<Arc<Door>> {
        static DOOR: Mutex<Weak<Door>> = Mutex::new(Weak::new());
        let mut known = lock(&DOOR);
        if let Some(door) = known.upgrade() {
            return Ok(door);
        }
        let (sender, socket) = sender_to_socket()?;
        let socket = Arc::new(socket);
        let to_serve = Arc::clone(&socket);
        let watch = watch(&*socket, move || serve_door(&to_serve))?;
        let door = Arc::new(Door { sender, _watch: watch });
        *known = Arc::downgrade(&door);
        Ok(door)
    }
}

fn serve_door(socket: &OwnedFd) {
    loop {
        match receive_message(socket) {
            // Another event follows if there is more.
            Ok(None) | Err(_) => return,
            Ok(Some(request)) => {
                if let Ok(request) = message::decode(request) {
                    serve(request);
                }
            }
        }
    }
}

fn serve(request: Request) {
    let (Request::Store { queue, .. }
    | Request::Fetch { queue, .. }
    | Request::Discard { queue, .. }
    | Request::Detach { queue, .. }) = &request;
    if let Some(server) = Server::find(*queue) {
        server.serve(request);
    }
}

/// Which PID namespace this process is in.
pub(super) fn own_pid_namespace() -> u64 {
    fs::metadata("/proc/self/ns/pid").map_or(0, |data| data.ino())
}
