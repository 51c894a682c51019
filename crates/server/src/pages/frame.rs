//! What stands around every page: the bar and the title.

use super::{
    assets,
    encode::{conventions_link, sessions_link, traces_link, users_link},
};

/// The bar.
pub(super) struct Frame {
    pub(super) title: String,
    /// The project that is looked at.
    pub(super) project: Option<String>,
    pub(super) tabs: Vec<TabView>,
    pub(super) version: &'static str,
    /// Whether there is anything to look for: not on the login page.
    pub(super) search: bool,
}

/// What a project's pages are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    None,
    Traces,
    Sessions,
    Users,
    Conventions,
}

pub(super) struct TabView {
    pub(super) name: &'static str,
    pub(super) link: String,
    pub(super) on: bool,
    /// The second key of its shortcut, after `g`.
    pub(super) key: &'static str,
}

impl Frame {
    pub(super) fn new(title: impl Into<String>, project: Option<&str>, on: Tab) -> Frame {
        let tab = |name, tab, key, link: fn(&str) -> String| {
            project.map(|project| TabView { name, key, link: link(project), on: tab == on })
        };
        let tabs = [
            tab("Traces", Tab::Traces, "t", traces_link),
            tab("Sessions", Tab::Sessions, "s", sessions_link),
            tab("Users", Tab::Users, "u", users_link),
            tab("Conventions", Tab::Conventions, "c", conventions_link),
        ];
        Frame {
            title: title.into(),
            project: project.map(str::to_owned),
            tabs: tabs.into_iter().flatten().collect(),
            version: &assets::VERSION,
            search: true,
        }
    }

    /// Without a project and without a search box.
    pub(super) fn bare(title: &str) -> Frame {
        Frame { search: false, ..Frame::new(title, None, Tab::None) }
    }
}
