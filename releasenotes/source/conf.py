# SPDX-License-Identifier: Apache-2.0

"""How Sphinx builds the release notes."""

from __future__ import annotations

project = "nova-vfio-compat release notes"
copyright = "nova-vfio-compat developers"
# Release notes are of all versions.
release = version = ""

extensions = [
    "openstackdocstheme",
    "reno.sphinxext",
]

source_suffix = {".rst": "restructuredtext"}
root_doc = "index"
pygments_style = "native"
html_theme = "openstackdocs"

openstackdocs_auto_name = False
openstackdocs_auto_version = False
openstackdocs_repo_name = ""
openstackdocs_bug_project = ""
openstackdocs_use_storyboard = False
