// What every module draws with, in one place: Preact and htm as published.
export {
  html, h, render, Component, createContext, useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext,
} from "../vendor/htm-preact.js";
