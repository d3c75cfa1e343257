//! A collection that notes what changes in it, for whoever writes it down.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct Noted<K, V> {
    held: BTreeMap<K, V>,
    changed: BTreeSet<K>,
}

impl<K, V> Default for Noted<K, V> {
    fn default() -> Noted<K, V> {
        Noted { held: BTreeMap::new(), changed: BTreeSet::new() }
    }
}

impl<K: Ord + Clone, V> Noted<K, V> {
    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.held.get(key)
    }

    pub(crate) fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.held.contains_key(key)
    }

    /// Whoever asks for this changes it.
    pub(crate) fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Ord + ToOwned<Owned = K> + ?Sized,
    {
        let value = self.held.get_mut(key)?;
        self.changed.insert(key.to_owned());
        Some(value)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.changed.insert(key.clone());
        self.held.insert(key, value);
    }

    pub(crate) fn remove(&mut self, key: &K) {
        self.held.remove(key);
        self.changed.insert(key.clone());
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        let changed = &mut self.changed;
        self.held.retain(|key, value| {
            let stays = keep(value);
            if !stays {
                changed.insert(key.clone());
            }
            stays
        });
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.held.iter()
    }

    /// Puts back what was written down.
    pub(crate) fn restore(&mut self, key: K, value: V) {
        self.held.insert(key, value);
    }

    /// What changed since the last time, with what stands there now; None: it is gone.
    pub(crate) fn changes(&mut self) -> impl Iterator<Item = (K, Option<&V>)> {
        let held = &self.held;
        std::mem::take(&mut self.changed).into_iter().map(|key| {
            let value = held.get(&key);
            (key, value)
        })
    }
}
