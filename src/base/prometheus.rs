//! Numbers as text, in the exposition format of Prometheus.

/// A text that grows metric by metric.
pub(crate) struct Exposition {
    prefix: &'static str,
    text: String,
}

impl Exposition {
    /// `prefix`: what all names begin with.
    pub(crate) fn new(prefix: &'static str) -> Exposition {
        Exposition { prefix, text: String::new() }
    }

    /// A metric with a line for each pair: what follows the name, such as labels, and the value.
    pub(crate) fn metric(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        lines: &[(String, String)],
    ) {
        let name = format!("{}_{name}", self.prefix);
        self.text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        for (suffix, value) in lines {
            self.text.push_str(&format!("{name}{suffix} {value}\n"));
        }
    }

    /// A metric with one value.
    pub(crate) fn single(&mut self, name: &str, kind: &str, help: &str, value: &str) {
        self.metric(name, kind, help, &[(String::new(), value.to_owned())]);
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}
