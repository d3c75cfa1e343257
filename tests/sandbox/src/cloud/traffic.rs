//! What was asked of one account, and what the test wants answered.

use std::collections::{HashMap, VecDeque};

use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::protocol::route::Route;

/// Requests in the order in which they came in, and the canned answers to those to come.
#[derive(Default)]
pub(crate) struct Traffic {
    pub(crate) requests: Vec<Request>,
    answers: HashMap<Route, VecDeque<Answer>>,
}

impl Traffic {
    pub(crate) fn queue(&mut self, route: Route, answer: Answer) {
        self.answers.entry(route).or_default().push_back(answer);
    }

    /// How many canned answers wait, by route.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (Route, usize)> {
        self.answers.iter().map(|(route, answers)| (*route, answers.len()))
    }

    /// Records a request, and gives back its number and the canned answer that waits for it.
    pub(crate) fn admit(&mut self, request: Request) -> (usize, Option<Answer>) {
        let canned = self.answers.get_mut(&request.route).and_then(VecDeque::pop_front);
        self.requests.push(request);
        (self.requests.len() - 1, canned)
    }
}
