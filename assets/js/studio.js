// The page's own parts. Each module defines its elements; Gradio places them, see components/elements.py.
import "./live.js";
import "./shell.js";
import "./guard.js";
import "./archive.js";
import "./controls.js";
import "./files.js";
import "./effects.js";
import "./models.js";
import "./guide.js";
import "./stage.js";
import "./gallery.js";
import "./viewer.js";
import "./compare.js";
import "./reuse.js";
import "./keys.js";
