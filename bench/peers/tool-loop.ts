/** Of the case `tool-loop`: how often the scripted model of every contestant calls its tool before it answers. */
export const loopSteps = 20
