# SPDX-License-Identifier: Apache-2.0

"""How Sphinx builds the documentation."""

from __future__ import annotations

from importlib import metadata

project = "nova-vfio-compat"
copyright = "nova-vfio-compat developers"
release = version = metadata.version(project)

extensions = [
    "cliff.sphinxext",
    "openstackdocstheme",
    "oslo_config.sphinxext",
]

source_suffix = {".rst": "restructuredtext"}
root_doc = "index"
pygments_style = "native"
html_theme = "openstackdocs"
html_theme_options = {"display_global_toc_section": True}

openstackdocs_auto_name = False
openstackdocs_auto_version = False
openstackdocs_repo_name = ""
openstackdocs_bug_project = ""
openstackdocs_use_storyboard = False

autoprogram_cliff_application = "nova-vfio-compat"
autoprogram_cliff_app_dist_name = "nova-vfio-compat"
# The options that all lists share are explained once, above the commands.
autoprogram_cliff_ignored = [
    "--column",
    "--fit-width",
    "--format",
    "--help",
    "--max-width",
    "--noindent",
    "--prefix",
    "--print-empty",
    "--quote",
    "--sort-ascending",
    "--sort-column",
    "--sort-descending",
]
