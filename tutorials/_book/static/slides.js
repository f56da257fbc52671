"use strict";
const slides = [...document.querySelectorAll("section")];

function here() {
  const middle = scrollY + innerHeight / 2;
  return slides.findLastIndex(slide => slide.offsetTop <= middle);
}

function show(number) {
  slides[Math.max(0, Math.min(number, slides.length - 1))].scrollIntoView();
}

document.addEventListener("keydown", event => {
  const turn = { ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1 }[event.key];
  if (turn) {
    event.preventDefault();
    show(here() + turn);
  } else if (event.key === "n" || event.key === "N") {
    document.body.classList.toggle("notes");
  }
});
