// The page's own parts. Each module defines its elements; Gradio places them, see components/elements.py.
import "./live.js";
import "./shell.js";
import "../results/guard.js";
import "../results/archive.js";
import "../form/controls.js";
import "../form/files.js";
import "../form/effects.js";
import "../form/models.js";
import "../form/guide.js";
import "../results/stage.js";
import "../gallery/gallery.js";
import "../viewer/viewer.js";
import "../compare/compare.js";
import "../reuse/reuse.js";
import "../settings/keys.js";
