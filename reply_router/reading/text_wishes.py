"""The wordings in which people ask to be left in peace, in English and Spanish, and those that only sound like it.

Matched against one clause in one form (lower case, no accents, `reply_router.reading.texts.one_form`).
"""

import re
from typing import Final

_BEFORE: Final = (
    r"(?:(?:please|pls|plz|pleaase|no|nope|nah|yes|yeah|can you|could you|would you|will you|can u|"
    r"could u|you need to|just|kindly|hey|hi|"
    r"hello|ok|okay|yo|dude|sir|maam|ma'am|folks|guys|seriously|again|i said|i asked you to|i want you to|"
    r"i need you to|i told you to|i already told you to|i already asked you to|i(?:'m| am) not interested|"
    r"not interested|"
    r"how about you|stop it|i would like you to|i'd like you to|for the last time|por favor|porfavor|porfa|hola|"
    r"ya|oye|oigan|"
    r"favor de|les pido que|le pido que|te pido que|quiero que|te dije que|pueden|puede|puedes|podrian|podria) )*"
)
_TEXTS: Final = r"(?:texts?|text messages?|messages?|msgs?|txts?|sms|texting|messaging|notifications?|alerts?|updates?)"
_LISTS: Final = (
    r"(?:(?:text|texting|phone|contact|sms|message|messaging|mailing|call|distribution|subscriber) )?"
    r"(?:lists?|database|system|contacts|records|group texts?|text groups?)"
)
_THIS: Final = r"(?:this|these|those|your|the|that|all|any|all your|all the|all these|any of these|any of your|ur)"
_MENSAJES: Final = r"(?:mensajes? de texto|mensajes?|mensajitos|textos?|sms|msjs?)"
#: A thing to do, and no wish, though it begins like one.
_GOES_ELSEWHERE: Final = r"(?! (?:by|at|in|over|for|worrying|apologizing)\b)"

_WISHES: Final = (
    # English
    r"(?:stop|stp|quit|cease|(?:cease and )?desist)(?: all)? (?:texting|messaging|txting|contacting|txt|"
    r"spamming|bothering|harassing|pestering|sms)"
    r"(?: (?:me|us|this number|this phone|my phone|my number|here))?",
    rf"(?:stop|quit) sending(?: me| us)?(?: {_THIS}| more| any more| anymore)? (?:{_TEXTS}|spam|stuff)(?: to me)?",
    r"(?:stop|quit) sending(?: me| us)?(?: this| these| those| anything| stuff)",
    rf"(?:stop|end|cancel)(?: with)? {_THIS} {_TEXTS}",
    rf"(?:stop|end) {_TEXTS}",
    rf"(?:no|not any) more(?: of)?(?: {_THIS})? {_TEXTS}(?: from you| from u| to me)?",
    r"(?:do not|don't|dont|never|do n't) (?:ever )?(?:call (?:or|and) )?(?:text|message|txt|msg|contact)(?: or call)? "
    r"(?:me|us|this number|my phone|my number|here)",
    r"(?:do not|don't|dont) (?:ever )?send(?: me| us)?(?: any| anymore| any more| more)*"
    rf"(?: of)?(?: {_THIS})? {_TEXTS}",
    r"lose (?:my|this|the) (?:phone )?(?:number|#)",
    rf"(?:remove|take|get|delete|erase|drop) (?:my|this) (?:(?:phone |cell )?number|cell|phone|contact|info)"
    rf" (?:from|off)(?: of)? {_THIS} {_LISTS}",
    r"(?:delete|erase|remove|forget) (?:my|this) (?:(?:phone |cell )?number|contact)",
    r"refrain from (?:texting|messaging|contacting|calling)(?: me| us| this number)?",
    rf"i(?:'d| would)?(?: prefer| rather) not(?: to)? (?:get|receive|have)(?: any| any more)?(?: {_THIS})? {_TEXTS}",
    rf"i(?:'m| am)? opt(?:ing)? out(?: of {_THIS} {_TEXTS})?",
    rf"(?:i )?(?:hereby )?(?:revoke|withdraw)(?: my)? (?:consent|permission)(?: to (?:text me|contact me|{_TEXTS}))?",
    rf"i (?:do not|don't|dont|no longer) consent(?: to(?: {_THIS})? {_TEXTS})?",
    rf"make {_THIS} {_TEXTS} stop",
    r"no (?:texts|text messages|texting|sms) (?:please|pls)",
    r"un ?su[bc]s?cribe(?: me)? from everything",
    r"i(?:'ve| have)?(?: already)? (?:said|told you to|told you|asked you to) stop",
    r"(?:do not|don't|dont) (?:text|message|contact)",
    rf"(?:remove|delete|take) my name(?: (?:from|off)(?: of)? {_THIS} {_LISTS})?",
    rf"un ?su[bc]s?cribe(?: me)?(?: all)?(?: from| to)?(?: {_THIS})?(?: {_TEXTS}| {_LISTS})?",
    rf"opt(?: me)?[ -]?out(?: of| from)?(?: {_THIS})?(?: {_TEXTS}| {_LISTS})?",
    r"opting out",
    rf"i(?: want| would like| 'd like|'d like|d like| wish| need| am asking|'m asking)(?: you)? to (?:unsubscribe|"
    rf"opt out|stop (?:getting|receiving)(?: {_THIS})? {_TEXTS}|be (?:removed|taken off|unsubscribed|opted out)"
    rf"(?: (?:from|of|off))*(?: {_THIS})?(?: {_LISTS}| {_TEXTS})?)",
    rf"i (?:do not|don't|dont|no longer|never)(?: want| wish| need| care)(?: to (?:get|receive|have|see|be sent))?"
    rf"(?: any| any more| anymore| more)?(?: of)?(?: {_THIS})? {_TEXTS}(?: from (?:you|u|y'all|this number))?",
    r"i (?:do not|don't|dont|no longer) (?:want|wish) to (?:be (?:texted|contacted|messaged|bothered)|"
    rf"(?:be|stay) on {_THIS} {_LISTS})",
    r"leave me alone",
    rf"cancel (?:my|this|the) (?:subscription|{_TEXTS})",
    rf"(?:please |pls |plz )+stop(?: it| this| now)?{_GOES_ELSEWHERE}",
    r"stop(?: now)?(?: please| pls| plz| already| por favor)+",
    r"stop (?:all|everything|now|immediately)",
    r"(?:stop )+stop",
    # Spanish
    r"no me (?:escriban?|escribas|manden?|mandes|envien?|envies|texteen?|textees|mensajeen|contacten?|contactes|"
    rf"molesten?|molestes)(?: mas| ningun| otros?| estos| esos| sus| tus| ya| estas cosas| nada)*(?: {_MENSAJES})?",
    r"(?:dejen?|dejad|deja|paren?|para) de (?:escribirme|mandarme|enviarme|textearme|contactarme|molestarme|"
    rf"escribir|mandar|enviar|textear|molestar)(?: mas| estos| esos| sus| tus| cosas)*(?: {_MENSAJES})?",
    rf"no me vuelv(?:an?|as) a (?:escribir|mandar|enviar|textear|contactar|molestar)(?: mas| otros?)*(?: {_MENSAJES})?",
    rf"no vuelv(?:an?|as) a (?:escribirme|mandarme|enviarme|textearme|contactarme|"
    rf"molestarme)(?: mas)?(?: {_MENSAJES})?",
    r"no me llam(?:en?|es) ni (?:me )?(?:escriban?|escribas|manden?|mandes|texteen?)",
    rf"no (?:envien?|manden?|escriban?)(?: mas(?: {_MENSAJES})?| {_MENSAJES})",
    rf"no autorizo(?: recibir)?(?: mas)?(?: estos| esos| sus)? {_MENSAJES}",
    r"(?:retiro|revoco) (?:mi|el) (?:consentimiento|permiso)",
    rf"suspend(?:er|an?)(?: los| estos| sus)? {_MENSAJES}",
    rf"(?:quiero|quisiera|deseo|necesito) (?:cancelar(?: los| estos| sus)? {_MENSAJES}|desuscribirme|"
    rf"dejar de recibir(?: los| estos| sus| mas)? {_MENSAJES}|salir(?:me)? de (?:la|esta|su) lista)",
    r"no(?: quiero| deseo)(?: que me (?:escriban|manden|envien|contacten))?(?: recibir)?(?: ya)?(?: mas)?"
    rf"(?: sus| tus| estos| esos)? {_MENSAJES}(?: suyos| de ustedes)?",
    r"no quiero que me (?:escriban|manden|envien|contacten|molesten)(?: mas| nada)*",
    rf"(?:no|ni un|ningun)(?: otro)? mas {_MENSAJES}",
    rf"ni un(?: solo)? {_MENSAJES} mas",
    rf"basta(?: ya)? (?:de|con)(?: sus| los| estos| tantos)? {_MENSAJES}",
    r"(?:quiero |quisiera |deseo |necesito |me quiero |solicito )?(?:darme|darse|dar|denme|deme|dame|den)(?: me)? "
    r"de baja(?: mi numero| este numero)?",
    rf"(?:cancelen?|cancela|cancelar)(?: mi| la| los| mis)? (?:suscripcion|{_MENSAJES})",
    r"(?:desuscribanme|desuscribame|desuscribeme|desubscribeme|desinscribanme|desinscribeme)(?: de .{1,30})?",
    r"(?:olviden?|olvida|pierdan?|borren?|borra|eliminen?|elimina|quiten?|quita) (?:mi|este) (?:numero|telefono)"
    r"(?: de (?:la|su|tu|esta|sus) listas?)?",
    r"(?:dejenme|dejeme|dejame)(?: ya)? en paz",
    r"(?:alto|parar|basta)(?: ya| por favor)+",
)
#: "List" and "me" alone say less: it may be the list for Saturday.
_LISTED: Final = (
    rf"(?:take|get|keep) (?:me|us) off(?: of)?(?: {_THIS} {_LISTS}| {_THIS}(?: {_TEXTS})?)?",
    rf"i (?:want|need|wanna get)(?: to get| to be)? (?:off|out)(?: of)? {_THIS} {_LISTS}",
    rf"(?:remove|delete)(?: from| off)(?: of)?(?: {_THIS})? {_LISTS}",
    rf"(?:remove|delete|drop|erase|cut) (?:me|us)(?: (?:from|off)(?: of)? {_THIS} (?:{_LISTS}|{_TEXTS}))?",
    r"(?:quiten?me|quitame|quiteme|saquenme|sacame|saqueme|borrenme|borrame|borreme|eliminenme|eliminame|elimineme)"
    r"(?: de (?:la|esta|esa|este|ese|su|tu|sus|las|todas las) (?:listas?|grupos?)(?: de (?:mensajes|textos|"
    r"contactos|envios?))?)?",
)
#: Asked to go on: "no dejen de escribirme".
_NOT_THAT: Final = (
    r"(?!(?:\w+ ){0,3}no (?:dejen?|dejes|dejad|paren?|pares|para|quiten?|quites|borren?|borres|eliminen?|cancelen?) )"
)
WISH: Final = re.compile(_NOT_THAT + _BEFORE + rf"(?:{'|'.join(_WISHES)})(?!\w)")
LISTED: Final = re.compile(_BEFORE + rf"(?:{'|'.join(_LISTED)})(?!\w)")
#: So short that anything else said makes it doubtful: "please stop" in a quarrel, "don't message me" on Saturdays.
BLUNT: Final = re.compile(
    _BEFORE + r"(?:(?:please |pls |plz )*stop(?: it| this| now)?(?: please| pls| plz| already)*|leave me alone|"
    r"(?:stop|quit) bothering me|unsubscribe|i(?:'m| am)? opt(?:ing)? out|opt out|(?:do not|don't|dont) (?:text|"
    r"message|contact)|"
    r"i(?:'ve| have)?(?: already)? (?:said|told you to|told you|asked you to) stop)"
)
#: What may follow a wish without narrowing it.
AFTERTHOUGHT: Final = re.compile(
    r"(?:(?:please|pls|plz|thanks|thank you|thx|ty|now|right now|immediately|asap|today|at once|anymore|any more|"
    r"any longer|again|ever|ever again|forever|already|altogether|completely|for good|for ever|no more|ok|"
    r"okay|sorry|sir|"
    r"ma'am|maam|guys|folks|people|y'all|kindly|at all|from you|from now on|all together|"
    r"(?:on|at|to|from) (?:this|my) (?:number|phone|cell)|"
    r"por favor|porfavor|porfa|gracias|ya|nunca|nunca mas|jamas|mas|ahora|de inmediato|inmediatamente|"
    r"(?:a|de|en) (?:este|mi) (?:numero|telefono|celular)|otra vez|nada|ningun mensaje|"
    r"(?:because|since|as) (?:i|this|it|you)\b.*|or i(?:'ll| will)\b.*|"
    r"i(?:'m| am|'ve| have|ve| already| never| did not| didn't| didnt| do not| don't| dont| moved| no longer| asked|"
    r" said| told)\b.*|this is (?:not|the wrong|my work|a work|a business|harassment|spam|illegal|a landline)\b.*|"
    r"wrong number|porque .*|ya que .*)(?: |$))*"
)
#: What may stand beside a doubtful wish and does not change it.
BENIGN: Final = re.compile(
    r"(?:sent from my \w+.{0,20}|get outlook for \w+|enviado desde mi \w+.{0,20}|(?:this is|i'm|im|i am) not \w+|"
    r"there is no(?:body named| one named)? \w+ here|\w+ (?:does not|doesn't|doesnt) live here|no soy \w+|"
    r"hi|hello|hey|hola|please|pls|plz|por favor|thanks|thank you|thank you so much|thx|ty|gracias|sorry|lo siento|"
    r"perdon|disculpe|ok|okay|no|no thanks|no thank you|no gracias|nope|(?:not|no longer) interested|i(?:'m| am|"
    r"m) (?:not|no longer) interested|"
    r"no me interesa|no estoy interesad[oa]|i(?:'ve| have)? (?:already |never )?(?:asked|told|said|signed|moved|"
    r"unsubscribed|opted)\b.{0,60}|i (?:did not|didn't|didnt|do not|don't|dont) (?:sign|know|live|ask|remember|"
    r"subscribe)\b.{0,60}|this is (?:not|a work|my work|spam|harassment|the wrong|annoying|ridiculous)\b.{0,40}|"
    r"who is this|who are you|quien es|quien eres|wrong (?:number|person)|numero equivocado|good ?bye|bye|adios|"
    r"have a (?:good|nice) (?:day|one|evening)|god bless|good luck|yo no (?:me )?(?:suscribi|inscribi|"
    r"pedi|firme)\b.{0,40}|"
    r"me mude\b.{0,40}|i(?:'ve| have)? moved\b.{0,40}|no more|nunca mas|enough|ya basta|this is the (?:second|third|"
    r"last|\w+) time.{0,30})"
)
#: What somebody says who goes on talking with us.
GOES_ON: Final = re.compile(
    r"\b(?:i'll|ill be|i will|see (?:you|u|y'all)|see ya|be there|on my way|omw|count me in|coming|let's|lets|we can|"
    r"we'll|call me|calling you|email me|e-mail me|at work|in class|driving|in a meeting|nos vemos|"
    r"alla estare|ahi estare|"
    r"voy en camino|llamame|llamenme|cuenten conmigo|en el trabajo|manejando|until|hasta que)\b"
)
CONDITION: Final = re.compile(
    r"(?:if|unless|until|till|when|whenever|once|in case|while|before|after|except|only|other than|even if|si|a menos|"
    r"cuando|hasta que|mientras|excepto|salvo|solo|antes|despues)\b"
)
#: At the end of a clause: what comes next are somebody's words, not a wish of their own.
REPORTED: Final = re.compile(
    r"\b(?:(?:s?he|they|people|everyone|everybody|someone|somebody|mom|dad|boss|landlord|neighbou?rs?|wife|husband|"
    r"sister|brother|friend|kids?|who|and|just|was|were|like|my \w+|the \w+|it) (?:said|says|say|"
    r"told (?:me|them|him|her|us"
    r"|you)|tells (?:me|them|him|her|us)|wrote|texted|yelled|asked(?: me| him| her| them)?|goes|go|like|"
    r"replied|answered|"
    r"texts|keeps saying|keep saying)|i (?:told|asked|texted) (?:him|her|them|my \w+|the \w+)|said|says|"
    r"dijo|dice|dijeron|"
    r"me escribio|contesto|respondio|le dije|les dije|saying|called|titled|like|chant(?:ing|ed)?)$"
)
JEST: Final = re.compile(
    r"\b(?:jk|j/k|just kidding|kidding|lol|lmao|haha+|jaja+|es broma|bromeo|not really|just joking)\b"
)
#: Whole clauses that may mean it.
DOUBTFUL: Final = re.compile(
    _BEFORE + r"(?:stop it|make it stop|stop this|stop that|go away|get lost|f(?:uc)?k? off|fuck you|fuck off|piss off|"
    r"buzz off|"
    r"screw you|spam|this is spam|enough|enough already|no mas|ya basta|para|paren|paren ya|para ya|largense|"
    r"vayanse|vete|(?:cancel|end|quit|please quit|please end)(?: please| pls| now| it)?|"
    r"how (?:do|can) i (?:stop|unsubscribe|opt out|get off|cancel|end)\b.{0,60}|"
    r"(?:how|where) to (?:stop|unsubscribe|opt out)\b.{0,60}|(?:can|may|could) i (?:unsubscribe|opt out)\b.{0,40}|"
    r"como (?:me doy de baja|cancelo|dejo de recibir|me salgo)\b.{0,60}|i will (?:report|block|sue)\b.{0,40}|"
    r"i'll (?:report|block|sue)\b.{0,40}|(?:reported|blocked|blocking you)|not interested|no me interesa)"
)
WRONG_NUMBER: Final = re.compile(
    r"(?:hi |hey |hello |sorry |no |oops |um |uh |i think |i believe |i'm afraid |but |hola |disculpe |"
    r"lo siento |perdon |"
    r"creo que )*(?:(?:you |u |you've |youve )?(?:have |got |reached |texted |dialed |dialled )*(?:the |a )?"
    r"wrong (?:number|person|phone|phone number|cell|guy|girl|lady|man|woman)(?: i think| here| sorry|"
    r" buddy| dude| man|"
    r" friend)*|(?:this is |it's |its )(?:the |a )wrong (?:number|person)|"
    r"(?:tiene |tienes |tienen |este es |es )?(?:un |el )?(?:numero|telefono) equivocado|"
    r"(?:se |te )(?:equivoco|equivocaron|equivocaste|ha equivocado|han equivocado) de (?:numero|persona|telefono)|"
    r"(?:esta|estas|estan) equivocad[oa]s?(?: de numero)?|persona equivocada|"
    r"no soy (?:esa|la|quien)(?: persona)?(?: que (?:busca|buscan|buscas))?|"
    r"(?:i'm|im|i am) not (?:the|that) person(?: you(?:'re| are)? looking for)?)(?: sorry| thanks| gracias)*"
)
