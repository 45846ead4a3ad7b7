//! The creator's side: the queue itself, and the threads that serve the processes it was passed to.
//!
//! The queue lives in the memory of the process that made it. No lock is shared with another
//! process, so none can be lost with one. Each handle elsewhere holds a conversation with a thread
//! here, which waits for nothing but its requests. When a conversation ends without a goodbye, that
//! process is dead, and what it held goes back.

use super::line::{Delivery, Line, Step, Ticket, Whom};
use super::wire::{Answer, Hello, Request};
use crate::transport::channel::{Receiver, Sender};
use crate::transport::message::{self, Message};
use crate::{Error, Result};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{mem, thread};

/// The queue, shared by the handles of the creator's process and the serving threads.
pub(super) struct Host {
    line: Mutex<Line>,
}

impl Host {
    /// Makes a queue, and the thread that lets others in through the door.
    pub(super) fn new(bound: Option<usize>, door: Receiver) -> Result<Arc<Host>> {
        let host = Arc::new(Host { line: Mutex::new(Line::new(bound)) });
        let serving = Arc::clone(&host);
        start("queue-door", move || serving.serve_door(&door))?;
        Ok(host)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // Whoever panicked with the lock had no part of the line half done.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the line, and then, without the lock, delivers what comes of it.
    fn with<R>(&self, change: impl FnOnce(&mut Line, &mut Vec<Delivery>) -> R) -> R {
        let mut out = Vec::new();
        let result = change(&mut self.line(), &mut out);
        self.deliver(out);
        result
    }

    /// Delivers answers, and those that come of what could not be delivered.
    fn deliver(&self, mut out: Vec<Delivery>) {
        while !out.is_empty() {
            for Delivery { ticket, whom, answer } in mem::take(&mut out) {
                match whom {
                    // Who waits here stays until it is answered.
                    Whom::Here(whom) => drop(whom.send(answer)),
                    Whom::Elsewhere(answers) => match answer.send(&answers) {
                        // If it is gone, its own thread finds out, and takes back what it held.
                        Ok(()) | Err(Error::Closed) => {}
                        Err(error) => {
                            self.line().take_back(ticket, usize::MAX, &mut out);
                            // If not even this can be sent, that process is gone.
                            let _ = Answer::Failed(error.to_string()).send(&answers);
                        }
                    },
                }
            }
        }
    }

    /// Answers a handle elsewhere.
    fn answer(&self, ticket: Ticket, answers: &Sender, answer: Answer) {
        self.deliver(vec![Delivery { ticket, whom: Whom::Elsewhere(answers.clone()), answer }]);
    }

    pub(super) fn len(&self) -> usize {
        self.line().len()
    }

    pub(super) fn close(&self) {
        self.with(Line::close);
    }

    /// Puts an item, and waits for room until the deadline.
    pub(super) fn put(&self, item: Message, deadline: Option<Instant>) -> Result<()> {
        self.wait_for(deadline, |line, out| line.put(item, out)).taken()
    }

    /// Takes an item, and waits for one until the deadline.
    pub(super) fn get(&self, deadline: Option<Instant>) -> Result<Message> {
        // No handle elsewhere has this number.
        let items = self.wait_for(deadline, |line, out| line.get(0, out)).items()?;
        items.into_iter().next().ok_or(Error::Empty)
    }

    fn wait_for(
        &self,
        deadline: Option<Instant>,
        step: impl FnOnce(&mut Line, &mut Vec<Delivery>) -> Step,
    ) -> Answer {
        let waiting = self.with(|line, out| match step(line, out) {
            Step::Done(answer) => Err(answer),
            Step::Later(_) if deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                Err(Answer::Nothing)
            }
            Step::Later(item) => {
                let (whom, answer) = mpsc::sync_channel(1);
                let ticket = line.ticket();
                line.wait(ticket, Whom::Here(whom), item);
                Ok((ticket, answer))
            }
        });
        let (ticket, answer) = match waiting {
            Err(answer) => return answer,
            Ok(waiting) => waiting,
        };
        if let Some(deadline) = deadline {
            match answer.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) if self.line().give_up(ticket) => {
                    return Answer::Nothing;
                }
                Err(_) => {}
            }
        }
        answer.recv().unwrap_or(Answer::Closed)
    }

    /// Lets in whoever the queue was passed to, until no handle is left that could come.
    fn serve_door(self: &Arc<Host>, door: &Receiver) {
        loop {
            match door.recv(None) {
                Ok(Some(hello)) => drop(message::decode(hello).map(|hello| self.let_in(hello))),
                Err(Error::Closed) => return,
                // At the limit of open files a hello loses its ends, and who sent it sees that.
                Ok(None) | Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    fn let_in(self: &Arc<Host>, Hello { requests, answers }: Hello) {
        let (host, refused) = (Arc::clone(self), answers.clone());
        if let Err(error) = start("queue", move || host.serve(&requests, &answers)) {
            let _ = Answer::Failed(error.to_string()).send(&refused);
        }
    }

    fn serve(&self, requests: &Receiver, answers: &Sender) {
        let (ticket, welcome) = self.line().enter(answers.clone());
        self.answer(ticket, answers, welcome);
        let (unused, last) = match self.converse(ticket, requests, answers) {
            // Whoever leaves waits until what it did not use is back.
            Ok(unused) => (unused, Answer::Taken),
            // Of what a dead process held, nothing counts as used.
            Err(error) => (usize::MAX, Answer::Failed(error.to_string())),
        };
        self.with(|line, out| line.leave(ticket, unused, out));
        self.answer(ticket, answers, last);
    }

    /// Answers requests until the handle goes, and says how much it did not use.
    fn converse(&self, ticket: Ticket, requests: &Receiver, answers: &Sender) -> Result<usize> {
        loop {
            let answer = match requests.recv(None) {
                Ok(None) | Err(Error::Closed) => return Err(Error::Closed),
                // At the limit of open files a request loses its ends, and whoever made it is told.
                Err(error) => Some(Answer::Failed(error.to_string())),
                Ok(Some(request)) => match message::decode(request)? {
                    Request::Leave { unused } => return Ok(unused),
                    request => self.respond(ticket, answers, request),
                },
            };
            if let Some(answer) = answer {
                self.answer(ticket, answers, answer);
            }
        }
    }

    fn respond(&self, ticket: Ticket, answers: &Sender, request: Request) -> Option<Answer> {
        let step = |line: &mut Line, step, wait| match step {
            Step::Done(answer) => Some(answer),
            Step::Later(item) if wait => {
                line.wait(ticket, Whom::Elsewhere(answers.clone()), item);
                None
            }
            Step::Later(_) => Some(Answer::Nothing),
        };
        self.with(|line, out| match request {
            Request::Put(item) => {
                line.accept(item, out);
                None
            }
            Request::Extend(items) => {
                for item in items {
                    line.accept(item, out);
                }
                None
            }
            Request::PutIfRoom(item) => {
                let put = line.put(item, out);
                step(line, put, true)
            }
            Request::Get { wait } => {
                let get = line.get(ticket, out);
                step(line, get, wait)
            }
            Request::GiveUp => line.give_up(ticket).then_some(Answer::Nothing),
            Request::Close => {
                line.close(out);
                Some(Answer::Count(line.len()))
            }
            Request::Count | Request::Leave { .. } => Some(Answer::Count(line.len())),
        })
    }
}

fn start(name: &str, serve: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = thread::Builder::new().name(name.to_owned()).stack_size(128 * 1024);
    let failed = Error::io("a thread to serve a queue could not be started");
    thread.spawn(serve).map(drop).map_err(failed)
}
