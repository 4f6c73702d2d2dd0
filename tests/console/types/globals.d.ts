// What the console's modules call by a short name.
type Api = import("./api.js").components["schemas"];
