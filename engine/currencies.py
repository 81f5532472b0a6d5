"""Currency codes of ISO 4217 with the decimals of their minor unit; no names and no rates."""

from __future__ import annotations

_TWO = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
    CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ
    GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL
    MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR
    PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
    TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWG
"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"

#: Decimals of the minor unit by currency code.
CURRENCY_DECIMALS: dict[str, int] = {
    code: decimals
    for decimals, codes in ((2, _TWO), (0, _NONE), (3, _THREE), (4, _FOUR))
    for code in codes.split()
}

#: Every code, sorted.
CURRENCY_CODES: tuple[str, ...] = tuple(sorted(CURRENCY_DECIMALS))

#: Decimals at which amounts are held whose currency is known only when an event comes.
MOST_DECIMALS = max(CURRENCY_DECIMALS.values())


def minor_unit(currency: str) -> int:
    """The smallest amount of a currency, raw at MOST_DECIMALS: 100 for CNY, 10000 for JPY."""
    return int(10 ** (MOST_DECIMALS - CURRENCY_DECIMALS[currency]))
