"""Everything the studio does, without a page: it knows nothing of Gradio."""
