"""The page. The only package that imports Gradio: it calls services.studio and shows the results."""
