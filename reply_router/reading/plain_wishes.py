"""The wordings in which people ask to be left in peace, in English and Spanish, and those that only sound like it.

Matched against one clause in one form (lower case, no accents, `reply_router.reading.texts.one_form`). What is said of
texts and what is said of mail differs in its nouns and verbs alone: `TEXT_WISHES` and `MAIL_WISHES`.
"""

import re
from dataclasses import dataclass
from typing import Final

_BEFORE: Final = (
    r"(?:(?:please|pls|plz|pleaase|no|nope|nah|yes|yeah|can you|could you|would you|will you|can u|"
    r"could u|you need to|just|kindly|hey|hi|"
    r"hello|ok|okay|yo|dude|sir|maam|ma'am|folks|guys|seriously|again|i said|i asked you to|i want you to|"
    r"i need you to|i told you to|i already told you to|i already asked you to|i(?:'m| am) not interested|"
    r"not interested|"
    r"how about you|stop it|i would like you to|i'd like you to|for the last time|look|listen|sorry|sorry but|"
    r"i(?:'m| am) serious|i(?:'m| am) asking you to|you have to|you have got to|you must|you should|it is time to|"
    r"(?:por favor|porfavor|porfa)(?: que)?|hola|ya|oye|oigan?|mire|miren|disculpen?|perdon|perdone|"
    r"(?:favor|hagan? el favor|hagame el favor) de|(?:les|le|te) (?:pido|ruego|dije|suplico)(?: por favor)?(?: que)?|"
    r"(?:quiero|necesito|quisiera) que|pueden|puede|puedes|podrian|podria) )*"
)
_THIS: Final = (
    r"(?:this|these|those|your|the|that|all|any|any more|all your|all of your|all the|all these|any of these|"
    r"any of your|ur)"
)
#: Whose it is that should be left alone.
_ME: Final = r"(?:me|us|this number|this phone|my phone|my number|here)"
_MINE: Final = (
    r"(?:me|us|(?:my|this|our) (?:phone number|cell number|cell phone|number|cell|phone|contact|info|address|"
    r"e-?mail(?: address)?|name|mailbox))"
)
_REMOVE: Final = r"(?:remove|take|get|delete|erase|drop|strike|scratch|pull|cut|cross|scrub|purge|block)"
_NEVER: Final = (
    r"(?:do not|don't|dont|never|do n't|you (?:may|must|can|should) (?:not|never)|you (?:can't|cannot))(?: ever)?"
)
#: "I would rather you did not" and its like, before a verb that commands.
_RATHER_NOT: Final = (
    r"(?:i(?:'d| would) (?:rather|prefer|appreciate it if|prefer if|like it if)(?: that)? you (?:did not|didn't|not|"
    r"would not|"
    r"wouldn't|do not|don't)|i (?:do not|don't|dont|never|did not|didn't)(?: ever)? (?:give|gave|given|grant)(?: you)? "
    r"(?:my )?(?:permission|consent) to|you (?:do not|don't) have (?:my )?(?:permission|consent) to)"
)
#: A thing to do, and no wish, though it begins like one.
_GOES_ELSEWHERE: Final = r"(?! (?:by|at|in|over|for|worrying|apologizing)\b)"
#: Asked to go on: "no dejen de escribirme", "no quiero darme de baja".
_NOT_THAT: Final = (
    r"(?!(?:\w+ ){0,3}no (?:dejen?|dejes|dejad|paren?|pares|para|quiten?|quites|borren?|borres|eliminen?|cancelen?) )"
    r"(?!(?:\w+ ){0,3}no (?:quiero|quisiera|deseo|necesito|pienso|voy a|pedi|dije que) (?:que )?(?:darme|me (?:quiten|"
    r"borren|saquen|den de baja|dejen)|cancelar|desuscribirme|dejar|salir|parar|dejen|paren))"
)


@dataclass(frozen=True, slots=True)
class Speech:
    """How a channel's messages and the sending of them are called: nouns, verbs ending in -ing, commands."""

    things: str
    sending: str
    send: str
    mensajes: str
    escribirme: str
    escriban: str
    lists: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """The wordings for one channel. `listed` says less by itself; `blunt` is doubtful with anything else beside it."""

    plain: re.Pattern[str]
    listed: re.Pattern[str]
    blunt: re.Pattern[str]
    doubtful: re.Pattern[str]


_TEXTS: Final = Speech(
    things=r"(?:texts?|text messages?|messages?|msgs?|txts?|sms|texting|messaging|notifications?|alerts?|updates?)",
    sending=r"(?:texting|messaging|txting|contacting|txt|spamming|bothering|harassing|pestering|sms)",
    send=r"(?:text|message|txt|msg|contact)",
    mensajes=r"(?:mensajes? de texto|mensajes?|mensajitos|textos?|sms|msjs?)",
    escribirme=r"(?:escribirme|mandarme|enviarme|textearme|contactarme|molestarme|escribir|mandar|enviar|textear|"
    r"molestar)",
    escriban=r"(?:escriban?|escribas|manden?|mandes|envien?|envies|texteen?|textees|mensajeen|contacten?|contactes|"
    r"molesten?|molestes)",
    lists=r"(?:text|texting|phone|contact|sms|message|messaging|mailing|call|distribution|subscriber|subscription)",
)
_MAILS: Final = Speech(
    things=r"(?:e-?mails?|mails?|letters?|mailings?|newsletters?|messages?|emailing|notifications?|alerts?|updates?|"
    r"digests?|invitations?)",
    sending=r"(?:e-?mailing|mailing|writing|messaging|contacting|spamming|bothering|harassing|pestering)",
    send=r"(?:e-?mail|mail|write|message|contact)",
    mensajes=r"(?:mensajes?|correos?(?: electronicos?)?|e-?mails?|mails?|cartas?|boletin(?:es)?)",
    escribirme=r"(?:escribirme|mandarme|enviarme|contactarme|molestarme|escribir|mandar|enviar|molestar)",
    escriban=r"(?:escriban?|escribas|manden?|mandes|envien?|envies|contacten?|contactes|molesten?|molestes)",
    lists=r"(?:e-?mail|e-?mailing|mail|mailing|contact|message|newsletter|distribution|subscriber|subscription)",
)


def _wishes(say: Speech) -> Wishes:
    things, mensajes = say.things, say.mensajes
    lists = rf"(?:{say.lists} )?(?:lists?|database|system|contacts|phone|phones|records|group texts?|text groups?)"
    english = (
        rf"(?:stop|stp|quit|cease|(?:cease and )?desist)(?: all)? {say.sending}(?: {_ME})?",
        rf"(?:stop|quit|cease) (?:(?:writing|reaching out)(?: to)?|bugging|annoying|calling and {say.sending}) {_ME}",
        r"(?:stop|quit) blowing up (?:my|this) phone",
        rf"(?:stop|quit) sending(?: me| us)?(?: {_THIS}| more| any more| anymore)? (?:{things}|spam|"
        rf"stuff)(?: to {_ME})?",
        r"(?:stop|quit) sending(?: me| us)?(?: this| these| those| anything| stuff)",
        rf"(?:stop|end|cancel|quit|cut out)(?: with| w)? {_THIS} {things}",
        rf"(?:stop|end) {things}",
        rf"enough(?: with| of)(?: {_THIS})? {things}",
        rf"(?:cease|discontinue|halt|terminate|suspend|stop)(?: {_THIS})? (?:{things}|communications?|contact|service)"
        rf"(?: to {_ME})?",
        rf"(?:(?:how about|i(?:'d| would) (?:appreciate|like|prefer)|i want|i need) )?(?:no|"
        rf"not any) more(?: of)?(?: {_THIS})? {things}(?: from you| from u| to {_ME})?",
        rf"{_NEVER} (?:call (?:or|and) )?(?:{say.send}|bother|disturb|pester|bug|spam)(?: or call)? {_ME}",
        rf"{_NEVER} (?:write|reach out)(?: to)? (?:me|us|this number|here)",
        rf"{_RATHER_NOT} (?:call or )?(?:(?:{say.send}|write(?: to)?) {_ME}|send {_ME}(?: {_THIS})? {things})",
        rf"(?:stop|quit) hitting {_ME} up",
        rf"(?:do not|don't|dont) (?:ever )?send(?: me| us)?(?: any| anymore| any more|"
        rf" more)*(?: of)?(?: {_THIS})? {things}",
        r"(?:do not|don't|dont|never) (?:ever )?send (?:me|us)(?: anything| stuff| things)?(?: else| more| anymore|"
        r" any more"
        r"| again| ever again)",
        r"lose (?:my|this|the) (?:phone )?(?:number|#)",
        rf"{_REMOVE} (?!me|us){_MINE} (?:from|off|out)(?: of)? {_THIS} {lists}",
        r"(?:remove|take off|block|delete|drop) (?:my|this) (?:(?:phone |cell )?number|cell|phone|cell phone|contact|"
        r"name)",
        r"take (?:my|this) (?:(?:phone |cell )?number|cell|phone|cell phone|name) off",
        rf"(?:delete|erase|remove|forget) (?:my|this) (?:(?:phone |cell )?number|contact)(?: from {_THIS} {lists})?",
        rf"(?:{_REMOVE}|keep|leave) (?:me|us) (?:off|from|out of)(?: of)?(?: (?:{_THIS} {say.lists} lists?|"
        r"(?:all|any|all of|any of)(?: of)? (?:your|these|the) lists|your (?:lists|system|database|contacts|records)))",
        rf"refrain from (?:{say.sending}|calling)(?: {_ME})?",
        rf"i(?:'d| would)?(?: prefer| rather) not(?: to)? (?:get|receive|have)(?: any|"
        rf" any more)?(?: {_THIS})? {things}",
        rf"i(?:'m| am)? opt(?:ing)? out(?: of {_THIS} {things})?",
        rf"(?:i )?(?:hereby )?(?:revoke|withdraw)(?: my)? (?:consent|permission)(?: to (?:{say.send} me|{things}))?",
        rf"i (?:do not|don't|dont|no longer) consent(?: to(?: {_THIS})? {things})?",
        rf"make {_THIS} {things} stop",
        rf"(?:no|not any) {things}(?: please| pls)",
        r"un ?su[bc]s?cribe(?: me)? from everything",
        r"i(?:'ve| have)?(?: already)? (?:said|told you to|told you|asked you to) stop",
        rf"(?:do not|don't|dont) {say.send}",
        rf"un ?su[bc]s?cribe(?: {_ME})?(?: all)?(?: from| to)?(?: {_THIS})?(?: {things}| {lists})?",
        rf"opt(?: {_ME})?[ -]?out(?: of| from)?(?: {_THIS})?(?: {things}| {lists})?",
        r"opting out",
        rf"i(?: want| would like| 'd like|'d like|d like| wish| need| am asking|'m asking)(?: you)? to (?:unsubscribe|"
        rf"opt out|stop (?:getting|receiving)(?: (?:{_THIS} )?{things}| these| this)|be (?:removed|taken off|"
        rf"unsubscribed|opted out)(?: (?:from|of|off))*(?: {_THIS})?(?: {lists}| {things})?)",
        rf"i(?: want| would like|'d like|d like| need) (?:for )?{_THIS} {things} to (?:stop|end)",
        rf"(?:(?:i|we|nobody here|no one here) )?(?:do not|don't|dont|no longer|never)(?: really)?(?: want| wish|"
        rf" need| care for)"
        rf"(?: to (?:get|receive|have|see|be sent))?"
        rf"(?: any| any more| anymore| more)?(?: of)?(?: {_THIS})? {things}(?: from (?:you|u|y'all|this number))?",
        r"i (?:do not|don't|dont|no longer|never) (?:want|wish|care) to (?:get|receive|be sent) (?:these|this|"
        r"any of (?:these|"
        r"this)|anything)(?: (?:else|more|from you))*",
        r"i (?:do not|don't|dont|no longer|never) (?:want|wish|need|care) to (?:hear|"
        r"get anything)(?: anything)?(?: else)? "
        r"from (?:you|u|y'all|this number|you (?:people|guys|all))",
        rf"i (?:do not|don't|dont|no longer) (?:want|wish) to (?:be (?:texted|contacted|messaged|bothered|e-?mailed|"
        rf"written to)|(?:be|stay) on {_THIS} {lists})",
        rf"(?:nobody|no one) (?:here )?wants(?: {_THIS})? {things}",
        r"(?:i(?:'m| am) |i )?(?:hereby )?withdraw(?:ing)?(?: my)? (?:consent|permission)",
        r"leave (?:me|us|this number|this phone) alone",
        rf"(?:cancel|end|stop) (?:my|this|the|our) (?:subscription|{things})",
        rf"(?:please |pls |plz )+stop(?: it| this| now)?{_GOES_ELSEWHERE}",
        r"stop(?: now)?(?: please| pls| plz| already| por favor)+",
        r"stop (?:all|everything|now|immediately)",
        r"(?:stop )+stop(?=$| (?:please|pls|plz|now|it|texting|e-?mailing|writing)\b)",
    )
    spanish = (
        rf"no me {say.escriban}(?: mas| ningun| otros?| estos| esos| sus| tus| ya| estas cosas| nada)*(?: {mensajes})?",
        rf"no (?:me )?sigan? (?:{say.escribirme}|escribiendo(?:me)?|mandando(?:me)?|enviando(?:me)?|molestando(?:me)?)"
        rf"(?: mas| sus| estos)*(?: {mensajes})?",
        rf"(?:dejen?|dejad|deja|paren?|para) de {say.escribirme}(?: mas| estos| esos| sus| tus|"
        rf" cosas)*(?: {mensajes})?",
        r"(?:no|sin) (?:contactar|llamar|escribir|molestar)",
        r"no (?:me |nos )?(?:contacten?|molesten?|escriban?) mas",
        rf"(?:ya )?parenle(?: ya)?(?: con| a)? (?:los|sus|estos|esos|tantos) {mensajes}",
        rf"(?:dejenme|dejeme|dejame|dejen) de (?:escribir|mandar|enviar|molestar|textear)(?: mas)?(?: {mensajes})?",
        rf"no (?:mandar|enviar|escribir)(?:me|nos)?(?: mas)?(?: {mensajes})?",
        rf"(?:les |le )?(?:agradeceria|agradezco)(?: mucho)? que no me (?:escribieran?|mandaran?|enviaran?|"
        rf"contactaran?|"
        rf"{say.escriban})(?: mas| nada)*(?: {mensajes})?",
        r"(?:no|ya no) (?:les |le )?(?:doy|di)(?: mi)? (?:permiso|consentimiento)(?: para que)?(?: me)?"
        rf"(?: {say.escriban}| a que me {say.escriban})?",
        r"(?:quiero|deseo|solicito|pido) que (?:me )?(?:borren|quiten|eliminen|saquen)(?: mi numero)?(?: de (?:su|"
        r"sus|la|esta) "
        r"listas?)?",
        r"(?:remuevan|remueva|eliminar|borrar|quitar|remover) (?:mi|este) (?:numero|telefono|correo)(?: de (?:la|su|"
        r"sus|esta) "
        r"listas?)?",
        rf"(?:ya )?(?:no |que ya no )me (?:interesan (?:sus|estos)|lleguen(?: mas| sus| estos)?) {mensajes}",
        r"ya no quiero (?:nada|saber)(?: mas| nada)*(?: de)? (?:ustedes|usted)",
        r"dejen? en paz (?:este|mi) (?:numero|telefono|correo)",
        r"(?:me )?(?:quiero|quisiera|deseo|necesito) (?:salir|salirme|darme de baja|quitarme|borrarme) de (?:la|su|"
        r"esta) lista",
        rf"(?:paren?|detengan?)(?: ya)?(?: con)? (?:los|sus|estos|esos|tantos) {mensajes}",
        rf"no me vuelv(?:an?|as) a (?:escribir|mandar|enviar|textear|contactar|molestar)(?: mas|"
        rf" otros?)*(?: {mensajes})?",
        rf"no vuelv(?:an?|as) a (?:{say.escribirme}|contactar|llamar)(?: mas)?(?: {mensajes})?",
        rf"no me llam(?:en?|es) ni (?:me )?{say.escriban}",
        rf"no (?:envien?|manden?|escriban?)(?: mas(?: {mensajes})?| {mensajes})",
        rf"no autorizo(?: recibir)?(?: mas)?(?: estos| esos| sus)? {mensajes}",
        r"(?:retiro|revoco) (?:mi|el) (?:consentimiento|permiso)",
        rf"suspend(?:er|an?)(?: los| estos| sus)? {mensajes}",
        rf"(?:quiero|quisiera|deseo|necesito) (?:cancelar(?: los| estos| sus)? {mensajes}|desuscribirme|"
        rf"dejar de recibir(?: los| estos| sus| mas)? {mensajes}|salir(?:me)? de (?:la|esta|su) lista)",
        r"no(?: quiero| deseo)(?: que me (?:escriban|manden|envien|contacten))?(?: seguir recibiendo| recibir)?(?: ya)?"
        rf"(?: mas)?(?: sus| tus| estos| esos)? {mensajes}(?: suyos| de ustedes)?",
        rf"no (?:quiero|deseo) que me (?:{say.escriban}|sigan? (?:escribiendo|mandando|enviando|molestando|contactando|"
        rf"texteando))(?: mas| nada| sus| estos)*(?: {mensajes})?",
        rf"(?:prefiero|preferiria) no recibir(?: mas| sus| estos| esos)*(?: {mensajes})",
        r"no (?:quiero|deseo) (?:saber|recibir)(?: ya)? (?:mas|nada)(?: mas)?(?: de (?:ustedes|usted|ti|su grupo))?",
        r"no (?:quiero|deseo) (?:estar|seguir|figurar) en (?:su|sus|esta|tu) listas?",
        rf"(?:no|ni un|ningun)(?: otro)? mas {mensajes}",
        rf"ni un(?: solo)? {mensajes} mas",
        rf"basta(?: ya)? (?:de|con)(?: sus| los| estos| tantos)? {mensajes}",
        r"(?:quiero |quisiera |deseo |necesito |me quiero |solicito )?(?:darme|darse|dar|denme|deme|dame|den)(?: me)? "
        r"de baja(?: mi numero| este numero| mi correo)?",
        rf"(?:cancelen?|cancela|cancelar)(?: mi| la| los| mis)? (?:suscripcion|{mensajes})",
        r"(?:desuscribanme|desuscribame|desuscribeme|desubscribeme|desinscribanme|desinscribeme)(?: de .{1,30})?",
        r"(?:olviden?|olvida|pierdan?|borren?|borra|eliminen?|elimina|quiten?|quita) (?:mi|este) (?:numero|telefono|"
        r"correo|"
        r"nombre)(?: de (?:la|su|tu|esta|sus) listas?)?",
        r"(?:dejenme|dejeme|dejame|dejenos|dejennos)(?: ya)? en paz",
        r"(?:alto|parar|basta)(?: ya| por favor)+",
    )
    listed = (
        rf"(?:take|get|keep) (?:me|us) off(?: of)?(?: {_THIS} {lists}| {_THIS}(?: {things})?)?",
        rf"i(?:'d like| would like| want| need| wanna get)(?: to get| to be)? (?:off|out)(?: of)? {_THIS} {lists}",
        rf"(?:remove|delete)(?: from| off)(?: of)?(?: {_THIS})? {lists}",
        rf"(?:remove|delete|drop|erase|cut|strike|scratch|pull) (?:me|us)(?: (?:from|off)(?: of)? {_THIS} (?:{lists}|"
        rf"{things}))?",
        r"(?:quiten?me|quitame|quiteme|remuevanme|remuevame|saquenme|sacame|saqueme|borrenme|borrame|borreme|"
        r"eliminenme|eliminame|"
        r"elimineme)(?: de (?:la|esta|esa|este|ese|su|tu|sus|las|todas las) (?:listas?|grupos?)(?: de (?:mensajes|"
        r"textos|"
        r"contactos|correos?|envios?))?)?",
    )
    blunt = (
        r"(?:please |pls |plz )*stop(?: it| this| now)?(?: please| pls| plz| already)*|leave (?:me|us) alone|"
        r"(?:stop|quit) bothering me|unsubscribe|i(?:'m| am)? opt(?:ing)? out|opt out|"
        rf"(?:do not|don't|dont) {say.send}|"
        r"i(?:'ve| have)?(?: already)? (?:said|told you to|told you|asked you to) stop"
    )
    doubtful = (
        r"stop it|make it stop|stop this|stop that|go away|get lost|f(?:uc)?k? off|fuck you|fuck off|piss off|"
        r"buzz off|screw you|spam|this is spam|enough|enough already|no mas|ya basta|para|paren|paren ya|para ya|"
        rf"largense|vayanse|vete|eliminar|borrar|i want out|me out|scratch me|no {things}|(?:cancel|end|quit|"
        rf"please quit|please end)(?: please| pls| now| it)?|"
        r"how (?:do|can) i (?:stop|unsubscribe|opt out|get off|cancel|end)\b.{0,60}|"
        r"(?:how|where) to (?:stop|unsubscribe|opt out)\b.{0,60}|(?:can|may|could) i (?:unsubscribe|opt out)\b.{0,40}|"
        r"como (?:me doy de baja|cancelo|dejo de recibir|me salgo)\b.{0,60}|i will (?:report|block|sue)\b.{0,40}|"
        r"i'll (?:report|block|sue)\b.{0,40}|(?:reported|blocked|blocking you)|not interested|no me interesa|"
        rf"i(?:'m| am) (?:so )?(?:done|tired|sick|fed up|through)(?: and tired)? (?:with|of)(?: {_THIS})? {things}|"
        rf"estoy (?:hart[oa]|cansad[oa]) de (?:sus|estos|tantos) {mensajes}"
    )
    return Wishes(
        re.compile(_NOT_THAT + _BEFORE + rf"(?:{'|'.join((*english, *spanish))})(?!\w)"),
        re.compile(_BEFORE + rf"(?:{'|'.join(listed)})(?!\w)"),
        re.compile(_BEFORE + rf"(?:{blunt})"),
        re.compile(_BEFORE + rf"(?:{doubtful})"),
    )


TEXT_WISHES: Final = _wishes(_TEXTS)
MAIL_WISHES: Final = _wishes(_MAILS)
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
    r"look|listen|i(?:'m| am) serious|seriously|oiga|oigan|mire|miren|por favor que|i(?:'m| am)? (?:get|getting|have|"
    r"receiv(?:e|ing)) (?:too|way too|so) (?:many|much)\b.{0,30}|i(?:'m| am) (?:so )?(?:tired|sick|done)\b.{0,40}|"
    r"(?:ya )?(?:son|recibo) (?:muchos|demasiados|tantos)\b.{0,30}|(?:este|es) (?:es )?(?:mi|un) (?:telefono|numero|"
    r"correo) "
    r"(?:del|de) trabajo|que dios (?:los|las|le|te) bendiga|lo siento mucho|disculpen|perdone|"
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
