// What a search finds first: pages for users before those about the project itself.
var Scorer = {
  score: ([docname, , , , score]) => {
    const isBehind = /^(ARCHITECTURE|CHANGELOG|CONTRIBUTING|SECURITY|tests\/vectors|tests\/strangers|docs\/releases)/;
    return isBehind.test(docname) ? score / 4 : score;
  },
  // Of names of functions and classes, of titles, of the text.
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
