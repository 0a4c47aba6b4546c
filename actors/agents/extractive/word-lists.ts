/**
 * English words by how much they say. A fixed prior, because a handful of passages cannot tell that
 * a word which is missing from them (`large`) is common in the language and another (`gzip`) is not.
 */

const list = (words: string): ReadonlySet<string> => new Set(words.split(' '))

/** Words of grammar: no weight in scoring. */
export const functionWords = list(
  'a an the this that these those such and or but nor so yet if then else than as at by for from in ' +
    'into of off on onto out over to under up upon with within without about above across after ' +
    'again against along among around before behind below beneath beside between beyond down ' +
    'during except near per since through throughout till toward towards until via ' +
    'i me my mine myself we us our ours you your yours he him his she her hers it its itself they ' +
    'them their theirs who whom whose which what when where why how whether ' +
    'am is are was were be been being do does did doing done have has had having can could will ' +
    'would shall should may might must ought not no nor any some all both each every either ' +
    'neither much many more most few less least other another same own too very just also only ' +
    'even ever never there here now once etc eg ie vs please ' +
    "don't doesn't didn't isn't aren't can't won't shouldn't couldn't wasn't weren't it's what's",
)

/** Words of any subject: some weight. Compared by their stems. */
export const commonWords = list(
  'able act add allow ask avoid back bad base begin behave best better big bring build call can ' +
    'case cause change choose come common complete consider contain control correct create current ' +
    'cut deal decide default define depend describe determine differ difference different ' +
    'difficult easy effect enable end enough exact example exist expect explain fact fail fast ' +
    'faster fastest feel fill find first fix follow forbid force form get give good great ' +
    'happen hard help high higher hold idea important include inform inside instead keep kind know ' +
    'large larger last late learn leave left let like limit list little live long longer look lose ' +
    'lot low lower main make man manage matter mean meaning middle move name need new next number ' +
    'obtain offer old open order outside own part particular pass people perform person piece ' +
    'place plan point possible present prevent probable problem process provide purpose put ' +
    'question quick reach read real reason receive regard relate remain require result return ' +
    'right run say see seem send set several should show side similar simple single size slow ' +
    'small smaller smallest solve sort special specific specify start state stay step still stop ' +
    'support sure take talk tell thing think time tool total try turn type typical understand use ' +
    'used useful usual value various verify wait want way well whole word work worth write ' +
    'written wrong year',
)

/** Verbs whose past is another word; no ending could be taken off. */
export const baseForms: ReadonlyMap<string, string> = new Map(
  (
    'began:begin begun:begin broke:break broken:break built:build came:come chose:choose ' +
    'chosen:choose done:do fell:fall found:find gave:give given:give gone:go got:get held:hold ' +
    'kept:keep knew:know known:know left:leave lost:lose made:make meant:mean ran:run ' +
    'sent:send shown:show taken:take threw:throw thrown:throw told:tell took:take went:go ' +
    'written:write wrote:write'
  )
    .split(' ')
    .map((pair) => pair.split(':') as [string, string]),
)
