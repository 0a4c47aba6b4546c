/** The form that the answer to a kind of question has: a number, a reason, a condition. */

const bonus = 0.04

const cues: readonly { readonly asked: RegExp; readonly answered: RegExp }[] = [
  {
    asked: /\bhow (?:many|much|large|small|long|fast|often|old)\b|\bwhich version\b/i,
    answered: /\d/,
  },
  {
    asked: /\bwhy\b/i,
    answered: /\b(?:because|since|so that|due to|therefore|as a result|reason)\b/i,
  },
  { asked: /\bwhen\b/i, answered: /\b(?:when|if|while|once|every time|after|before|until)\b/i },
  { asked: /\bdefault\b/i, answered: /\bdefaults?\b/i },
  {
    asked: /\bhow (?:do|can|to|could|should)\b/i,
    answered: /\b(?:use|using|set|call|by|can|pass|with)\b/i,
  },
]

/** A little for the form that an answer to such a question has; never enough to make one. */
export const cueBonus = (question: string, sentence: string): number =>
  cues.some(({ asked, answered }) => asked.test(question) && answered.test(sentence)) ? bonus : 0
