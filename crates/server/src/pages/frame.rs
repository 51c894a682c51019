//! What stands around every page: the bar and the title.

use super::{assets, encode::traces_link};

/// The bar.
pub(super) struct Frame {
    pub(super) title: String,
    /// The project that is looked at.
    pub(super) project: Option<String>,
    pub(super) project_link: String,
    pub(super) version: &'static str,
    /// Whether there is anything to look for: not on the login page.
    pub(super) search: bool,
}

impl Frame {
    pub(super) fn new(title: impl Into<String>, project: Option<&str>) -> Frame {
        Frame {
            title: title.into(),
            project: project.map(str::to_owned),
            project_link: project.map(traces_link).unwrap_or_default(),
            version: &assets::VERSION,
            search: true,
        }
    }

    /// Without a project and without a search box.
    pub(super) fn bare(title: &str) -> Frame {
        Frame { search: false, ..Frame::new(title, None) }
    }
}
