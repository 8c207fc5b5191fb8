"""The abbreviations: their spoken words, and which of them can end a sentence."""

from worker.text.english.verses import ABBREVIATED_BOOKS

TITLES = {
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miss",
    "Mx": "Mix",
    "Messrs": "Messers",
    "Prof": "Professor",
    "Rev": "Reverend",
    "Hon": "Honorable",
    "Gen": "General",
    "Col": "Colonel",
    "Maj": "Major",
    "Capt": "Captain",
    "Cpt": "Captain",
    "Lt": "Lieutenant",
    "Sgt": "Sergeant",
    "Cpl": "Corporal",
    "Gov": "Governor",
    "Sen": "Senator",
    "Rep": "Representative",
    "Pres": "President",
    "Supt": "Superintendent",
    "Pvt": "Private",
    "Adm": "Admiral",
    "Cmdr": "Commander",
    "Cdr": "Commander",
    "Fr": "Father",
    "Mme": "Madame",
    "Mlle": "Mademoiselle",
    "Mt": "Mount",
    "Ft": "Fort",
}
"""Before a name."""
SHOUTED = {
    "MR": "Mister",
    "MRS": "Missus",
    "MS": "Miss",
    "DR": "Doctor",
    "PROF": "Professor",
    "REV": "Reverend",
}
SMALL = {"mr": "mister", "mrs": "missus", "dr": "doctor", "prof": "professor"}
"""For a text in capitals, or in small letters only."""
STREETS = {
    "Ave": "Avenue",
    "Blvd": "Boulevard",
    "Cir": "Circle",
    "Ct": "Court",
    "Hwy": "Highway",
    "Ln": "Lane",
    "Pkwy": "Parkway",
    "Pl": "Place",
    "Rd": "Road",
    "Ter": "Terrace",
}
NUMBERED_PLACES = {
    "Apt": "Apartment",
    "apt": "apartment",
    "Ste": "Suite",
    "Bldg": "Building",
    "Hwy": "Highway",
}
COUNTED = {
    "p": "page",
    "pp": "pages",
    "pg": "page",
    "pgs": "pages",
    "vol": "volume",
    "vols": "volumes",
    "ch": "chapter",
    "chap": "chapter",
    "sec": "section",
    "fig": "figure",
    "figs": "figures",
    "eq": "equation",
    "eqs": "equations",
    "eqn": "equation",
    "tab": "table",
    "nr": "number",
    "ext": "extension",
    "approx": "approximately",
    "ca": "about",
    "est": "established",
    "art": "article",
    "para": "paragraph",
    "ver": "version",
    "pt": "part",
    "bk": "book",
}
ANYWHERE = {
    "vs": "versus",
    "etc": "et cetera",
    "approx": "approximately",
    "dept": "department",
    "govt": "government",
    "Dept": "Department",
    "Govt": "Government",
    "esp": "especially",
    "incl": "including",
    "excl": "excluding",
    "misc": "miscellaneous",
    "temp": "temperature",
    "tel": "telephone",
    "Tel": "Telephone",
    "appt": "appointment",
    "apt": "apartment",
    "Apt": "Apartment",
    "bldg": "building",
    "Bldg": "Building",
    "Assn": "Association",
    "Bros": "Brothers",
    "Inc": "Incorporated",
    "Ltd": "Limited",
    "Corp": "Corporation",
    "Co": "Company",
    "Jr": "Junior",
    "Sr": "Senior",
    "Univ": "University",
    "Esq": "Esquire",
    "dev": "deviation",
    "min": "minimum",
    "max": "maximum",
    "avg": "average",
    "Ave": "Avenue",
    "Blvd": "Boulevard",
    "Rd": "Road",
    "Ln": "Lane",
    "Hwy": "Highway",
    "Pkwy": "Parkway",
    "Sq": "Square",
}
DOTTED = {
    "e.g.": "for example",
    "E.g.": "For example",
    "&c.": "et cetera",
    "i.e.": "that is",
    "I.e.": "That is",
    "a.k.a.": "also known as",
    "w.r.t.": "with respect to",
    "et al.": "and others",
    "Ph.D.": "P H D",
    "Ph.D": "P H D",
    "w/o": "without",
    "w/": "with",
    "c/o": "care of",
    "n/a": "not applicable",
    "N/A": "not applicable",
    "b/c": "because",
}
ENDS_SENTENCES = frozenset(
    {"a.m", "p.m", "A.M", "P.M", "etc", "Inc", "Ltd", "Corp", "Co", "Jr", "Sr", "Esq", "al"}
)
"""A capital letter after one of these most likely begins a sentence; the others stand before names."""
NAMES_TOO = "Who|No|So|How|Why|What|But|By|In|On|I|It"
"""Words that begin sentences and are also names: Dr. Who."""
NO_NAMES = (
    "The|This|That|These|Those|There|Then|He|She|We|They|You|At|For|And|If|When|While|After|Before|However|His|Her|"
    "Our|Their|My|Your|Where|Now|Its|As|Yes"
)
OPENING = f"{NO_NAMES}|{NAMES_TOO}"
"""Words that, capitalised, begin a sentence."""

COUNTED_OR_CAPITAL = [*COUNTED, *(word.capitalize() for word in COUNTED if len(word) > 1)]
BEFORE_FIGURES = frozenset(
    {
        *COUNTED_OR_CAPITAL,
        *ABBREVIATED_BOOKS,
        "Mar",
        "Sat",
        "Sun",
        "no",
        "No",
        "Nos",
        "Rs",
        "Rm",
        "Apt",
        "apt",
        "Bldg",
        "Hwy",
        "sc",
        "Sc",
        "max",
        "Max",
        "min",
        "Min",
        "Dec",
        "Nr",
        "nr",
        "nos",
        "Ste",
        "ft",
        "lb",
        "lbs",
    }
)
"""A dot between one of these and a figure does not end a sentence, even if it is an ordinary word."""
BEFORE_SMALL_LETTERS = frozenset(
    "cu sq dev min max temp est art tsp tbsp oz lb lbs ft in hr hrs mins sec secs yd gal qt pt".split()  # noqa: SIM905
)
"""A dot between one of these and a small letter does not end a sentence, even if it is an ordinary word."""

ABBREVIATIONS_BEFORE_DOT = frozenset(
    {
        *TITLES,
        *SHOUTED,
        *SMALL,
        *COUNTED,
        *ANYWHERE,
        "Dr",
        "St",
        "No",
        "Nos",
        "no",
        "al",
        "Fig",
        "Vol",
        "Ch",
        "Sept",
    }
    | set("Jan Feb Mar Apr Jun Jul Aug Sep Oct Nov Dec".split())  # noqa: SIM905
    | set("Mon Tue Tues Wed Weds Thu Thur Thurs Fri Sat Sun".split())  # noqa: SIM905
) - {"dev", "min", "max", "temp", "art", "est", "no", "Sat", "Sun", "Mar", "c", "p", "para"}
"""Abbreviations whose dot does not end a sentence; the excluded ones are also words, or too short."""
