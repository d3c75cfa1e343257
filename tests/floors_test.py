"""Builds small houses, and looks whether floors.py finds what is wrong with them."""

from __future__ import annotations

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import floors
from floors import Ban, House

HOUSE = House(
    "cellar kitchen attic",
    (
        Ban("cellar", r"\bstd::(io|time)\b|\bInstant\b", "it has no clock"),
        Ban("kitchen", r"(?i:attic key)", "it knows no key"),
        Ban("cellar kitchen", r"\bunsafe\b", "too dangerous", "cellar/boiler.rs"),
    ),
)
SOUND = {
    "lib.rs": "mod cellar;\nmod kitchen;\nmod attic;\npub use attic::Box;",
    "main.rs": "fn main() { house::run(); }",
    "cellar/mod.rs": "pub mod barrel;\npub mod boiler;",
    "cellar/barrel.rs": "pub struct Barrel;",
    "cellar/boiler.rs": "pub fn heat() { unsafe { burn() } }",
    "kitchen.rs": "mod stove;\nuse crate::cellar::barrel::Barrel;",
    "kitchen/stove.rs": "use crate::cellar::boiler;",
    "attic/mod.rs": "use crate::kitchen::cook;\nuse crate::cellar::barrel::Barrel;",
}


def found(files: dict[str, str]) -> list[str]:
    """What is wrong with the sound house once these files stand in it."""
    with tempfile.TemporaryDirectory() as folder:
        for file, text in {**SOUND, **files}.items():
            place = Path(folder, file)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        return floors.problems(Path(folder), HOUSE)


class Hidden(unittest.TestCase):
    def test_what_hides_an_import(self) -> None:
        for text in (
            "use super::*;",
            "use crate::cellar::*;",
            "use self::barrel::{Barrel, *};",
            "extern crate self as whole;",
            'include!("../attic/box.in");',
            '#[path = "../attic/mod.rs"]\nmod other;',
            "use std as s;",
            "fn f() -> core::time::Duration {}",
            "#[cfg(any(test, feature = \"x\"))]\nmod m { use super::*; }",
        ):
            with self.subTest(text):
                [wrong] = [it for it in found({"cellar/barrel.rs": text}) if "hides" in it]
                self.assertTrue(wrong.startswith("cellar/barrel.rs:"), wrong)

    def test_tests_may(self) -> None:
        for attribute in ("#[cfg(test)]", "#[cfg(all(test, unix))]", "#[cfg(all(test, not(windows)))]"):
            self.assertEqual(found({"cellar/barrel.rs": f"{attribute}\nmod tests {{ use super::*; use std::io; }}"}), [])


class Order(unittest.TestCase):
    def test_a_sound_house(self) -> None:
        self.assertEqual(found({}), [])

    def test_an_import_from_above(self) -> None:
        wrong = ["cellar/barrel.rs:2: imports from above: kitchen/stove.rs"]
        for text in (
            "use crate::kitchen::stove::Flame;",
            "fn f() { crate::kitchen::stove::light(); }",
            "macro_rules! m { () => { $crate::kitchen::stove::light() } }",
            "#[cfg(test)] mod tests { use crate::kitchen::stove::Flame; }",
            "pub(crate) use crate::kitchen::stove as fire;",
            "use super::super::kitchen::stove::Flame;",
            "fn f<'a>(q: char) { if q == '\"' { crate::kitchen::stove::light(); say(\"\") } }",
            "use crate::kitchen::stove;\nfn f() { stove::light() }",
            "fn f() { crate::kitchen::stove::light(); } use crate::cellar::boiler;\nuse crate::kitchen::stove::Flame;",
        ):
            with self.subTest(text):
                self.assertEqual(found({"cellar/barrel.rs": "\n" + text}), wrong)

    def test_the_root_is_above_all(self) -> None:
        self.assertEqual(found({"attic/mod.rs": "use crate::Box;"}), ["attic/mod.rs:1: imports from above: lib.rs"])

    def test_each_leaf_of_a_nested_tree_has_its_line(self) -> None:
        tree = """use crate::{
            attic::{self as top, Box},
            cellar::boiler::{heat, cool},
            kitchen::{
                stove,
            },
        };"""
        self.assertEqual(
            found({"cellar/barrel.rs": tree}),
            [
                "cellar/barrel.rs:2: imports from above: attic/mod.rs",
                "cellar/barrel.rs:5: imports from above: kitchen/stove.rs",
            ],
        )

    def test_what_only_looks_like_an_import(self) -> None:
        looks = r'''
            // use crate::attic::Box;
            /* use crate::attic::Box; /* and */ use crate::attic::Box; */
            /// [`Box`](crate::attic::Box)
            const A: &str = "use crate::attic::Box; \" crate::attic::Box";
            const B: &str = r#"use "crate::attic::Box";"#;
            pub(in crate::attic) struct Chest;
            use crate::cellar;
            fn f(chest: other::crate_attic::Box) { ::cellar::super_attic(cellar::boiler::Heat) }
        '''
        self.assertEqual(found({"cellar/barrel.rs": looks}), [])

    def test_a_file_and_a_floor_that_are_not_in_the_table(self) -> None:
        wrong = ["barn.rs: lies on no floor", "shed/mod.rs: lies on no floor"]
        self.assertEqual(found({"shed/mod.rs": "", "barn.rs": ""}), wrong)
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("attic: no file lies on this floor", floors.problems(Path(folder), HOUSE))


class Circles(unittest.TestCase):
    def test_two_files(self) -> None:
        files = {"cellar/barrel.rs": "\nuse super::boiler;", "cellar/boiler.rs": "use crate::cellar::barrel::Barrel;"}
        self.assertEqual(found(files), ["cellar/barrel.rs:2 -> cellar/boiler.rs:1 -> cellar/barrel.rs: a circle"])

    def test_three_files(self) -> None:
        files = {
            "attic/a.rs": "use super::b;",
            "attic/b.rs": "use super::c::{C, D};",
            "attic/c.rs": "\n\nfn f() -> super::a::A {}",
        }
        self.assertEqual(found(files), ["attic/a.rs:1 -> attic/b.rs:1 -> attic/c.rs:3 -> attic/a.rs: a circle"])

    def test_each_knot_is_told_once_and_by_its_shortest_circle(self) -> None:
        files = {
            "attic/a.rs": "use super::b;",
            "attic/b.rs": "use super::c;",
            "attic/c.rs": "use super::{a, d};",
            "attic/d.rs": "use super::c;",
            "kitchen/knife.rs": "use super::fork;",
            "kitchen/fork.rs": "use super::knife;",
        }
        wrong = [
            "attic/c.rs:1 -> attic/d.rs:1 -> attic/c.rs: a circle",
            "kitchen/fork.rs:1 -> kitchen/knife.rs:1 -> kitchen/fork.rs: a circle",
        ]
        self.assertEqual(found(files), wrong)

    def test_a_module_and_its_parent(self) -> None:
        wrong = ["kitchen/stove.rs:1 -> kitchen.rs:2 -> kitchen/stove.rs: a circle"]
        for text in ("use stove::Flame;", "fn f() { stove::light() }", "pub use self::stove::Flame;"):
            with self.subTest(text):
                files = {"kitchen.rs": f"mod stove;\n{text}", "kitchen/stove.rs": "use super::Pan;"}
                self.assertEqual(found(files), wrong)

    def test_a_module_that_one_word_means(self) -> None:
        wrong = ["attic/a.rs:1 -> attic/b.rs:2 -> attic/a.rs: a circle"]
        for text in (
            "use crate::attic;\nfn f() { attic::a::g() }",
            "use crate::attic::{self};\nfn f() { attic::a::g() }",
            "use crate::attic as loft;\nfn f() { loft::a::g() }",
            "use super as loft;\nuse loft::a::g;",
        ):
            with self.subTest(text):
                self.assertEqual(found({"attic/a.rs": "use super::b;", "attic/b.rs": text}), wrong)

    def test_another_crate_of_that_name(self) -> None:
        files = {"kitchen.rs": "mod stove;\nfn f() { ::stove::light() }", "kitchen/stove.rs": "use super::Pan;"}
        self.assertEqual(found(files), [])

    def test_super_in_a_module_of_the_file_is_the_file(self) -> None:
        inside = "struct Barrel;\nmod tests { use super::Barrel; use super::super::boiler; }"
        self.assertEqual(found({"cellar/barrel.rs": inside}), [])
        circle = ["cellar/barrel.rs:2 -> cellar/boiler.rs:1 -> cellar/barrel.rs: a circle"]
        self.assertEqual(found({"cellar/barrel.rs": inside, "cellar/boiler.rs": "use super::barrel;"}), circle)


class Bans(unittest.TestCase):
    def test_words(self) -> None:
        for text, word in (
            ("use std::time::Duration;", "std::time"),
            ("use std::{fmt, io::{self, Read}};", "std::io"),
            ("fn f() { ::std::io::stdout(); }", "std::io"),
            ("fn f(at: Instant) {}", "Instant"),
        ):
            with self.subTest(text):
                wrong = [f"cellar/barrel.rs:2: {word}: it has no clock"]
                self.assertEqual(found({"cellar/barrel.rs": "\n" + text}), wrong)

    def test_a_literal_counts_and_a_comment_does_not(self) -> None:
        text = '// the attic key\nconst KEY: &str = "Attic Key";'
        self.assertEqual(found({"kitchen.rs": text}), ["kitchen.rs:2: Attic Key: it knows no key"])

    def test_unsafe_outside_the_files_that_may(self) -> None:
        text = "#[allow(unsafe_code)]\nfn f() {\n    unsafe { g() }\n}"
        self.assertEqual(found({"kitchen/stove.rs": text}), ["kitchen/stove.rs:3: unsafe: too dangerous"])
        self.assertEqual(found({"attic/mod.rs": text}), [])

    def test_tests_may(self) -> None:
        inline = '#[cfg(all(test, feature = "x"))]\n#[allow(unused)]\nmod tests {\n    use std::io;\n}\n'
        self.assertEqual(found({"cellar/barrel.rs": inline}), [])
        self.assertEqual(
            found({"cellar/barrel.rs": inline + "use std::io;"}), ["cellar/barrel.rs:6: std::io: it has no clock"]
        )
        own_file = {"cellar/barrel.rs": "#[cfg(test)]\nmod tests;", "cellar/barrel/tests.rs": "use std::io;"}
        self.assertEqual(found(own_file), [])
        only_else = {"cellar/barrel.rs": "#[cfg(not(test))]\nmod real {\n    use std::io;\n}"}
        self.assertEqual(found(only_else), ["cellar/barrel.rs:3: std::io: it has no clock"])


class Command(unittest.TestCase):
    def test_it_fails_where_something_is_wrong(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "ground").mkdir()
            Path(folder, "ground", "mod.rs").write_text("use crate::Top;")
            Path(folder, "lib.rs").write_text("")
            floors.HOUSES[folder] = House("ground")
            self.addCleanup(floors.HOUSES.pop, folder)
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                self.assertEqual(floors.main([folder]), 1)
            self.assertIn(f"{folder}/ground/mod.rs:1: imports from above: lib.rs\n", said.getvalue())
            Path(folder, "ground", "mod.rs").write_text("")
            self.assertEqual(floors.main([folder]), 0)
            with contextlib.redirect_stderr(said):
                self.assertEqual(floors.main([folder, "no such"]), 2)


if __name__ == "__main__":
    unittest.main()
