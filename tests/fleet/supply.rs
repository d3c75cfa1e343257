//! What is submitted: of each consumer one text after the other, by whichever node.

pub const CONSUMERS: usize = 100;

/// So many texts of a consumer are accepted and not sent at a time: the service tells of each after all that came
/// before in its conversation, and has to before it is not waited for any more.
const MOST_WAITING: usize = 3;

pub struct Supply {
    consumers: Vec<Consumer>,
    each: usize,
}

#[derive(Clone, Default)]
struct Consumer {
    accepted: usize,
    sent: usize,
    /// The node that has the next one, and its life.
    with: Option<(usize, usize)>,
}

impl Supply {
    pub fn new(actions: usize) -> Supply {
        Supply {
            consumers: vec![Consumer::default(); CONSUMERS],
            each: actions.div_ceil(CONSUMERS),
        }
    }

    /// How many of each consumer.
    pub fn each(&self) -> usize {
        self.each
    }

    /// All that can be submitted now, for the node that `choose` gives.
    pub fn hand_out(
        &mut self,
        mut choose: impl FnMut() -> Option<(usize, usize)>,
    ) -> Vec<(usize, String)> {
        let each = self.each;
        let mut handed = Vec::new();
        for (number, consumer) in self.consumers.iter_mut().enumerate() {
            let may = consumer.with.is_none()
                && consumer.accepted < each
                && consumer.accepted < consumer.sent + MOST_WAITING;
            if may && let Some(node) = choose() {
                consumer.with = Some(node);
                handed.push((node.0, text(number, consumer.accepted)));
            }
        }
        handed
    }

    /// Whether it is news.
    pub fn accepted(&mut self, text: &str) -> bool {
        let (consumer, number) = parts(text);
        let consumer = &mut self.consumers[consumer];
        let is_next = consumer.accepted == number;
        if is_next {
            consumer.accepted += 1;
            consumer.with = None;
        }
        is_next
    }

    pub fn refused(&mut self, text: &str) {
        let (consumer, _) = parts(text);
        self.consumers[consumer].with = None;
    }

    /// Another one submits what it had.
    pub fn died(&mut self, node: usize, life: usize) {
        let had = |it: &&mut Consumer| it.with == Some((node, life));
        self.consumers.iter_mut().filter(had).for_each(|it| it.with = None);
    }

    /// The service has it.
    pub fn arrived(&mut self, text: &str) {
        let (consumer, number) = parts(text);
        let consumer = &mut self.consumers[consumer];
        consumer.sent = consumer.sent.max(number + 1);
    }

    /// Who waits for a text to be sent.
    pub fn waiting(&self) -> impl Iterator<Item = usize> {
        let waits = |(_, it): &(usize, &Consumer)| it.accepted > it.sent;
        self.consumers.iter().enumerate().filter(waits).map(|(number, _)| number)
    }

    pub fn sent(&self) -> usize {
        self.consumers.iter().map(|it| it.sent).sum()
    }
}

pub fn text(consumer: usize, number: usize) -> String {
    format!("c{consumer} {number}")
}

/// Its consumer and its number.
pub fn parts(text: &str) -> (usize, usize) {
    let parts = text.strip_prefix('c').and_then(|rest| rest.split_once(' '));
    let parts =
        parts.and_then(|(consumer, number)| Some((consumer.parse().ok()?, number.parse().ok()?)));
    parts.unwrap_or_else(|| panic!("no text of ours: {text}"))
}
