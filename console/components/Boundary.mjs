// Where an error ends that a page throws while it is drawn: it is said, and the next place is drawn anew. Otherwise what had been drawn so far
// would stay, and every page after it would be drawn into that, until a reload, which forgets a token.
import { Component, html } from "../lib/ui.mjs";
import { Page } from "./Page.mjs";
import { Failure } from "./States.mjs";

/** Of the place that it is given; `title` is what its page is called. */
export class Boundary extends Component {
  constructor(props) {
    super(props);
    this.state = { failed: null };
  }

  componentDidCatch(error) {
    // For whoever is asked to find out: the words on the page do not say where.
    console.error(error);
    this.setState({ failed: { error, place: this.props.place } });
  }

  render({ place, title, children }, { failed }) {
    if (failed?.place !== place) return children;
    return html`<${Broken} title=${title} error=${failed.error} what="This page could not be drawn." retry=${() => this.setState({ failed: null })} />`;
  }
}

/** In place of a page that is not there. @param {{ title: string, error: any, what: string, retry: () => void }} props */
export function Broken({ title, error, what, retry }) {
  return html`<${Page} title=${title}><${Failure} error=${error} what=${what} retry=${retry} /><//>`;
}
