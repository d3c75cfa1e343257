//! Rich content: elements, and containers of them.

use serde_json::Value;

/// The elements that hold others.
const CONTAINERS: [&str; 3] = ["vertical", "horizontal", "carousel"];
/// How many containers an element may stand in.
const MAX_DEPTH: usize = 4;

/// Says what is wrong with the content of a RichContentEvent, if anything.
pub(crate) fn check(content: &Value) -> Result<(), String> {
    check_element("content", content, 0)
}

fn check_element(place: &str, element: &Value, depth: usize) -> Result<(), String> {
    let kind = element["type"].as_str().filter(|kind| !kind.is_empty());
    let kind = kind.ok_or_else(|| format!("{place} must be an object with a type"))?;
    if !CONTAINERS.contains(&kind) {
        return Ok(());
    }
    if depth == MAX_DEPTH {
        return Err(format!("{place} is a {kind} in {MAX_DEPTH} others: that is too deep"));
    }
    let elements = element["elements"].as_array();
    let elements = elements.ok_or_else(|| format!("{place} needs an array elements"))?;
    elements.iter().enumerate().try_for_each(|(number, element)| {
        check_element(&format!("{place}.elements[{number}]"), element, depth + 1)
    })
}
