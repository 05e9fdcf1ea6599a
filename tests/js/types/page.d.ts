// What the page's scripts find in the browser besides the browser's own.

// core, form, gallery, results, reuse, settings
interface Window {
  studioForm: (family: string, inputs: any[]) => any[];
  studioPress: (family: string, inputs: any[]) => any[];
  studioRoom: { readonly dark: boolean; choose(room: string | null): void };
}

/** Our own events, on the document. */
interface DocumentEventMap {
  "studio:add-key": CustomEvent<any>;
  "studio:again": CustomEvent<any>;
  "studio:compare": CustomEvent<any>;
  "studio:comparing": CustomEvent<any>;
  "studio:details": CustomEvent<any>;
  "studio:recall": CustomEvent<any>;
  "studio:room": CustomEvent<any>;
  "studio:started": CustomEvent<any>;
  "studio:summary": CustomEvent<any>;
  "studio:toast": CustomEvent<any>;
  "studio:undo": CustomEvent<any>;
  "studio:use": CustomEvent<any>;
  "studio:viewing": CustomEvent<any>;
}

interface WindowEventMap {
  "studio:add-key": CustomEvent<any>;
  "studio:again": CustomEvent<any>;
  "studio:compare": CustomEvent<any>;
  "studio:comparing": CustomEvent<any>;
  "studio:details": CustomEvent<any>;
  "studio:recall": CustomEvent<any>;
  "studio:room": CustomEvent<any>;
  "studio:started": CustomEvent<any>;
  "studio:summary": CustomEvent<any>;
  "studio:toast": CustomEvent<any>;
  "studio:undo": CustomEvent<any>;
  "studio:use": CustomEvent<any>;
  "studio:viewing": CustomEvent<any>;
}
