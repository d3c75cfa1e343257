"""Shows that the models can fail: breaks the core's sources, in a copy, one way after the other, and
expects each time that a model finds it.

    breaks.py CARGO…      how cargo is called
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


@dataclass(frozen=True)
class Break:
    what: str
    file: str
    old: str
    new: str
    model: str  # that finds it
    says: str  # what it says then


BREAKS = (
    Break("nobody is woken", "src/base/fifo_lock.rs",
          "self.lock.changed.notify_all();", "", "fifo_lock::one_at_a_time", "deadlock"),
    Break("a turn is not looked at again after a wait", "src/base/fifo_lock.rs",
          "while queue.waiting.front() != Some(&ticket)", "if queue.waiting.front() != Some(&ticket)",
          "fifo_lock::", "two at once"),
    Break("who gives up stays in the queue", "src/base/fifo_lock.rs",
          "queue = wait(&self.queue, &self.changed, queue, deadline)?;",
          "queue = match wait(&self.queue, &self.changed, queue, deadline) {"
          " Ok(queue) => queue, Err(why) => { std::mem::forget(mine); return Err(why) } };",
          "fifo_lock::who_gives_up_leaves_the_queue", "deadlock"),
    Break("who asks last comes first", "src/base/fifo_lock.rs",
          "queue.waiting.push_back(ticket);", "let at = queue.waiting.len().min(1); queue.waiting.insert(at, ticket);",
          "fifo_lock::in_the_order_of_asking", "left == right"),
    Break("of threads that race each keeps its own value", "src/base/process.rs",
          "Some(known) if known.generation == generation => Some(known.clone()),", "",
          "process::one_value_for_all", "left == right"),
    Break("a child drops what it inherited", "src/base/process.rs",
          "forget(made);", "drop(made);", "process::a_child_makes_its_own", "what was inherited stays untouched"),
    Break("a shutdown does not wait for who is between the look and the sleep", "src/base/shutdown.rs",
          "let _guard = lock(&self.sleepers);", "", "shutdown::", "deadlock"),
    Break("what is too much is looked at before the lock is taken", "src/net/pool.rs",
          "let too_many = mine.idle.len().saturating_sub(self.most);",
          "let too_many = counted;", "pool::each_connection_has_one_user", "more are kept than may be"),
    Break("a connection is closed under the pool's lock", "src/net/pool.rs",
          "drop(shelves);\n        drop((surplus, old));", "drop((surplus, old));", "pool::none_is_closed_under_the_lock", "deadlock"),
    Break("nobody hears that a fetch is over", "src/base/cached.rs",
          "state.is_fetching = false;\n        self.cached.landed.notify_all();", "state.is_fetching = false;",
          "cached::one_fetches_for_all", "deadlock"),
    Break("two threads fetch at once", "src/base/cached.rs",
          "self.is_fetching = true;", "self.is_fetching = false;", "cached::one_fetches_for_all", "two at once"),
    Break("nobody hears that a fetch panicked", "src/base/cached.rs",
          ".is_fetching = false;\n            self.cached.landed.notify_all();", ".is_fetching = false;",
          "cached::a_panic_frees_who_waits", "deadlock"),
    Break("a fetch that fails with what was replaced meanwhile is not repeated", "src/base/cached.rs",
          "let is_outdated = state.restarts != restarts;", "let is_outdated = false;",
          "cached::a_restart_is_not_overlooked", "failed with what was replaced"),
)

# In front of the line that a break changes, where it needs more than another line.
BEFORE = {
    "let too_many = counted;": (
        "let mut shelves = lock(&self.shelves);\n        let mine = shelf",
        "let counted = (shelf(&mut lock(&self.shelves), origin).idle.len() + 1).saturating_sub(self.most);\n"
        "        let mut shelves = lock(&self.shelves);\n        let mine = shelf",
    )
}


def replaced(text: str, old: str, new: str, file: str) -> str:
    if text.count(old) != 1:
        sys.exit(f"{file} holds {text.count(old)} times what is to be broken: {old}")
    return text.replace(old, new)


def found(one: Break, copy: Path, cargo: "list[str]") -> bool:
    whole = (ROOT / one.file).read_text(encoding="utf-8")
    broken = replaced(whole, one.old, one.new, one.file)
    if one.new in BEFORE:
        broken = replaced(broken, *BEFORE[one.new], one.file)
    (copy / one.file).write_text(broken, encoding="utf-8")
    target = ROOT / "target" / "harden" / "loom-broken"
    manifest = copy / HERE.relative_to(ROOT) / "Cargo.toml"
    run = [*cargo, "run", "--quiet", "--manifest-path", str(manifest), "--target-dir", str(target), "--", one.model]
    # What hangs is no finding.
    outcome = subprocess.run(run, env={**os.environ, "RUST_BACKTRACE": "0"},
                             capture_output=True, text=True, check=False, timeout=300)
    (copy / one.file).write_text(whole, encoding="utf-8")
    if outcome.returncode and one.says in outcome.stderr and one.model in outcome.stdout:
        return True
    print(outcome.stdout[-2000:], outcome.stderr[:2000], sep="\n", file=sys.stderr)
    return False


def main(cargo: "list[str]") -> int:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("src", HERE.relative_to(ROOT)):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("target"))
        for one in BREAKS:
            if not found(one, copy, cargo):
                print(f"NOT FOUND: {one.what} ({one.file})", file=sys.stderr)
                return 1
            print(f"found: {one.what}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
