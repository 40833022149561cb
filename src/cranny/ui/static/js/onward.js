// A page that only passes something on: presses its own button. Without any script somebody else does.

document.querySelector("form[data-onward]").requestSubmit();
