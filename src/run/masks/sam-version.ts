/** Change whenever the numbers of a promptable model would: of what a photo is made into, of its encoder, or of its decoder. */
export const samVersion = 1;
