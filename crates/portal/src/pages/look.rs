//! Under whose name the portal appears.

/// A name, and a colour to go with it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Look {
    /// The product's name on every page.
    pub name: String,
    /// `#rrggbb`, if it is not ours.
    pub accent: Option<String>,
}

impl Default for Look {
    fn default() -> Self {
        Self { name: "Ringfence".to_owned(), accent: None }
    }
}
