"""Everything the studio does, without a page: it knows nothing of Gradio."""

from services.environment.python_version import refuse_other_versions

refuse_other_versions()  # before any module that an older Python cannot even read
