//! Lists in parts: each part names where the next begins.

use serde::Serialize;
use store::page::{Cursor, Page};
use utoipa::ToSchema;

use super::Error;
use crate::limits::{PAGE_MAX, QUERY_BYTES_MAX};

/// Which part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What is looked for; everything if empty.
    pub query: String,
    /// Where it begins: the `next` of the part before.
    pub after: Option<String>,
    /// At most so many, up to [`PAGE_MAX`].
    pub limit: usize,
}

impl Default for Part {
    fn default() -> Self {
        Self { query: String::new(), after: None, limit: PAGE_MAX }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Listing<T> {
    /// What is in it.
    pub items: Vec<T>,
    /// Where the next part begins; null behind the last one.
    pub next: Option<String>,
}

impl Part {
    /// Refuses what no list has.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self {
            _ if !(1..=PAGE_MAX).contains(&self.limit) => Err(Error::invalid("limit", format!("limit: 1 to {PAGE_MAX}"))),
            _ if self.query.len() > QUERY_BYTES_MAX || self.query.chars().any(char::is_control) => {
                Err(Error::invalid("query", format!("q: at most {QUERY_BYTES_MAX} bytes without control characters")))
            }
            _ => Ok(()),
        }
    }

    /// The store's form of where it begins.
    pub(crate) fn cursor(&self) -> Result<Option<Cursor>, Error> {
        self.check()?;
        let read = |text: &String| text.parse().map_err(|_| no_cursor());
        self.after.as_ref().map(read).transpose()
    }

    /// The part of a list that is held whole: what comes behind `after` in the order of the keys.
    pub(crate) fn cut<T>(&self, mut all: Vec<T>, key: impl Fn(&T) -> String) -> Result<Listing<T>, Error> {
        self.check()?;
        all.sort_by_cached_key(&key);
        let mut items: Vec<T> = all.into_iter().filter(|item| self.after.as_ref().is_none_or(|after| key(item) > *after)).collect();
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next = items.last().filter(|_| more).map(&key);
        Ok(Listing { items, next })
    }
}

impl<T> Listing<T> {
    /// A list that has no further parts.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// A page of the store, its rows as they are shown.
    pub(crate) fn of<R>(page: Page<R>, view: impl FnMut(R) -> Result<T, Error>) -> Result<Self, Error> {
        let next = page.next.map(|cursor| cursor.to_string());
        Ok(Self { items: page.items.into_iter().map(view).collect::<Result<_, _>>()?, next })
    }
}

/// What is told to whoever sends a cursor that no list gave out.
pub(crate) fn no_cursor() -> Error {
    Error::invalid("cursor", "cursor: send the `next` of the part before, as it was")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(after: Option<&str>, limit: usize) -> Part {
        Part { after: after.map(str::to_owned), limit, ..Part::default() }
    }

    #[test]
    fn a_whole_list_is_cut_where_the_part_before_ended() {
        let cut = |after, limit| part(after, limit).cut(vec!["c", "a", "b"], |item| (*item).to_owned());
        assert_eq!(cut(None, 2).unwrap(), Listing { items: vec!["a", "b"], next: Some("b".into()) });
        assert_eq!(cut(Some("b"), 2).unwrap(), Listing { items: vec!["c"], next: None });
        assert_eq!(cut(Some("aa"), 9).unwrap().items, ["b", "c"], "what the cursor named may be gone");
        assert_eq!(cut(None, 3).unwrap().next, None);
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(part(None, 0).check().unwrap_err().code(), "limit");
        assert_eq!(part(None, PAGE_MAX + 1).check().unwrap_err().code(), "limit");
        assert_eq!(part(Some("nonsense"), 1).cursor().unwrap_err().code(), "cursor");
        assert_eq!(Part { query: "a\0b".into(), ..Part::default() }.check().unwrap_err().code(), "query");
    }
}
