// A shared worker: all pages of a browser watch over one connection, since a browser opens only six to one place.
import { watch } from "./stream.js";

const ports = new Set();
const tell = (message) => ports.forEach((port) => port.postMessage(message));

/** @type {typeof self & { onconnect: (event: MessageEvent) => void }} */ (self).onconnect = (event) => {
  const [port] = event.ports;
  ports.add(port);
  port.onmessage = (message) => {
    if (message.data === "bye") ports.delete(port);
  };
  port.start();
};
watch({ job: (job) => tell({ job }), again: () => tell({ again: true }) });
