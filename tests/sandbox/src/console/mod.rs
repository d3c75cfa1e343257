//! The console: a page that looks on and acts through the control API. It holds nothing and decides
//! nothing; the files in `page` are all there is to it.

pub(crate) mod pages;
