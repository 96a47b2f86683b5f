// Texts in the picture: how much room they need, and what becomes of those that need too much.

/** How wide a text is, roughly: nothing depends on it but room. */
export function widthOf(text, size = 13) {
  let width = 0;
  for (const character of text)
    width +=
      character.codePointAt(0) > 0x2e80 ? 1 : /[A-ZmwMW@%]/.test(character) ? 0.82 : /[iljtf.,:;'|!() ]/.test(character) ? 0.4 : 0.65;
  return width * size;
}

/** A text that fits. */
export function shortened(text, most) {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}
