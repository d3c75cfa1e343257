"""Sphinx' settings for the site; docs/site/build gives VERSION, XML and STUBS."""

import os
import sys

sys.path.insert(0, os.environ["STUBS"])

project = "lpconnector"
version = release = os.environ["VERSION"]
extensions = ["myst_parser", "breathe", "sphinx.ext.autodoc", "sphinx.ext.githubpages", "sphinx_copybutton"]

myst_heading_anchors = 3

breathe_projects = {"lpc": os.environ["XML"]}
breathe_default_project = "lpc"
breathe_domain_by_extension = {"h": "c", "hpp": "cpp"}
breathe_show_define_initializer = True

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True

# Quotation marks in the references are code.
smartquotes = False

html_theme = "furo"
html_title = "lpconnector"
html_search_scorer = os.path.join(os.path.dirname(__file__), "scorer.js")
html_static_path = [os.path.join(os.path.dirname(__file__), "static")]
html_css_files = ["site.css"]
html_logo = html_favicon = os.path.join(html_static_path[0], "mark.svg")
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
