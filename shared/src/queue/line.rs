//! What waits in a queue, and who waits for it: data only. No call here blocks or sends; answers to
//! deliver once the lock is released are collected in `out`.

use super::wire::Answer;
use crate::transport::channel::Sender;
use crate::transport::message::Message;
use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

/// The most items that one answer hands out.
const MOST: usize = 64;
/// How long a consumer may have to work on one answer.
const WORK: Duration = Duration::from_millis(1);

/// A number for each call that waits here, and for each handle elsewhere.
pub(super) type Ticket = u64;

/// Who waits: a thread of this process, or a handle elsewhere.
pub(super) enum Whom {
    Here(SyncSender<Answer>),
    Elsewhere(Sender),
}

/// An answer on its way.
pub(super) struct Delivery {
    pub(super) ticket: Ticket,
    pub(super) whom: Whom,
    pub(super) answer: Answer,
}

/// What came of a `put` or a `get`.
pub(super) enum Step {
    Done(Answer),
    /// It can only be done later; a `put` has its item back.
    Later(Option<Message>),
}

/// Who waits, and if it is to put, the item. All who wait at one time wait for the same thing.
struct Waiter {
    ticket: Ticket,
    whom: Whom,
    item: Option<Message>,
}

/// A handle elsewhere, and what it was given and has not yet said it is done with.
struct Guest {
    answers: Sender,
    held: VecDeque<Message>,
    given: usize,
    since: Instant,
}

#[derive(Default)]
pub(super) struct Line {
    items: VecDeque<Message>,
    bound: Option<usize>,
    closed: bool,
    tickets: Ticket,
    waiters: VecDeque<Waiter>,
    guests: HashMap<Ticket, Guest>,
}

impl Line {
    pub(super) fn new(bound: Option<usize>) -> Line {
        Line { bound, ..Line::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        self.tickets
    }

    fn is_full(&self) -> bool {
        self.bound.is_some_and(|bound| self.items.len() >= bound)
    }

    pub(super) fn put(&mut self, item: Message, out: &mut Vec<Delivery>) -> Step {
        let wanted = self.waiters.front().is_some_and(|waiter| waiter.item.is_none());
        if self.closed {
            Step::Done(Answer::Closed)
        } else if self.is_full() && !wanted {
            Step::Later(Some(item))
        } else {
            self.accept(item, out);
            Step::Done(Answer::Taken)
        }
    }

    /// Takes an item in, whatever the bound. Who saw its `put` done has put it, even if the queue
    /// was closed before the item got here.
    pub(super) fn accept(&mut self, item: Message, out: &mut Vec<Delivery>) {
        match self.waiters.pop_front_if(|waiter| waiter.item.is_none()) {
            Some(Waiter { ticket, whom, .. }) => {
                let answer = self.give(ticket, vec![item]);
                out.push(Delivery { ticket, whom, answer });
            }
            None => self.items.push_back(item),
        }
    }

    /// Takes items out: several at most for a handle elsewhere, which is then done with what it had.
    pub(super) fn get(&mut self, ticket: Ticket, out: &mut Vec<Delivery>) -> Step {
        let count = self.fair_count(ticket).min(self.items.len());
        let mut items: Vec<Message> = self.items.drain(..count).collect();
        // The room that this makes goes to those who wait to put. Where the bound is 0 there never
        // is room, and an item goes from hand to hand.
        while !self.is_full() || items.is_empty() {
            let Some(Waiter { ticket, whom, item: Some(item) }) =
                self.waiters.pop_front_if(|waiter| waiter.item.is_some())
            else {
                break;
            };
            out.push(Delivery { ticket, whom, answer: Answer::Taken });
            if items.is_empty() { items.push(item) } else { self.items.push_back(item) }
        }
        let some = !items.is_empty();
        match self.give(ticket, items) {
            answer if some => Step::Done(answer),
            _ if self.closed => Step::Done(Answer::Closed),
            _ => Step::Later(None),
        }
    }

    /// As many items as a handle elsewhere works off in about a millisecond at the pace that it
    /// showed, at most twice as many as last time, and no more than its share of what is there.
    fn fair_count(&self, ticket: Ticket) -> usize {
        let Some(guest) = self.guests.get(&ticket).filter(|_| self.bound.is_none()) else {
            return 1;
        };
        let pace = guest.since.elapsed().as_nanos() / guest.given.max(1) as u128;
        let in_time = usize::try_from(WORK.as_nanos() / pace.max(1)).unwrap_or(MOST);
        let share = self.items.len().div_ceil(self.guests.len());
        let count = in_time.min(guest.given * 2).min(share).clamp(1, MOST);
        // Ends move with their item, which therefore travels alone.
        let alone = self.items.iter().take(count).position(Message::has_endpoints);
        alone.map_or(count, |place| place.max(1))
    }

    /// Notes what a handle elsewhere is given, so that it comes back if that process dies.
    fn give(&mut self, ticket: Ticket, items: Vec<Message>) -> Answer {
        if let Some(guest) = self.guests.get_mut(&ticket) {
            guest.held = items.iter().filter_map(Message::copy).collect();
            guest.given = items.len();
            guest.since = Instant::now();
        }
        Answer::Items(items)
    }

    /// Takes back the last `unused` items that a handle elsewhere holds, to the front.
    pub(super) fn take_back(&mut self, ticket: Ticket, unused: usize, out: &mut Vec<Delivery>) {
        let Some(guest) = self.guests.get_mut(&ticket) else {
            return;
        };
        let mut items = mem::take(&mut guest.held);
        items.drain(..items.len().saturating_sub(unused));
        items.append(&mut self.items);
        self.items = items;
        while self.waiters.front().is_some_and(|waiter| waiter.item.is_none())
            && let Some(item) = self.items.pop_front()
        {
            self.accept(item, out);
        }
    }

    /// Lets a `put` or a `get` wait.
    pub(super) fn wait(&mut self, ticket: Ticket, whom: Whom, item: Option<Message>) {
        self.waiters.push_back(Waiter { ticket, whom, item });
    }

    /// Ends a wait; `false` when its answer is already on its way.
    pub(super) fn give_up(&mut self, ticket: Ticket) -> bool {
        let waiting = self.waiters.len();
        self.waiters.retain(|waiter| waiter.ticket != ticket);
        self.waiters.len() < waiting
    }

    /// Adds a handle elsewhere.
    pub(super) fn enter(&mut self, answers: Sender) -> (Ticket, Answer) {
        let ticket = self.ticket();
        let guest = Guest { answers, held: VecDeque::new(), given: 0, since: Instant::now() };
        self.guests.insert(ticket, guest);
        (ticket, if self.closed { Answer::Closed } else { Answer::Taken })
    }

    /// Removes a handle elsewhere, and takes back what it did not use. A `put` of it that still
    /// waits was never done.
    pub(super) fn leave(&mut self, ticket: Ticket, unused: usize, out: &mut Vec<Delivery>) {
        self.give_up(ticket);
        self.take_back(ticket, unused, out);
        self.guests.remove(&ticket);
    }

    /// Closes the queue, and tells whoever waits, and every handle elsewhere.
    pub(super) fn close(&mut self, out: &mut Vec<Delivery>) {
        if mem::replace(&mut self.closed, true) {
            return;
        }
        for Waiter { ticket, whom, .. } in self.waiters.drain(..) {
            out.push(Delivery { ticket, whom, answer: Answer::Closed });
        }
        for (&ticket, guest) in &self.guests {
            let whom = Whom::Elsewhere(guest.answers.clone());
            out.push(Delivery { ticket, whom, answer: Answer::Shut });
        }
    }
}
