"""
The hundred fictional companies of the simulated market, ten in each of ten sectors.

Tickers begin with Q, X or Z and are none that a US exchange lists; nothing here resembles a real
company on purpose, so a simulated line can never be mistaken for an order.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Company:
    """One fictional company."""

    symbol: str
    sector: str
    name: str


_TABLE = """
QANT Energy        Qantiva Petroleum
QAPH Materials     Qaphera Minerals
QARM Industrials   Qarmont Machines
QARN Discretionary Qarnova Motors
QASK Staples       Qaskolm Foods
QELT Health        Qeltane Pharma
QELV Financials    Qelvara Bank
QEMB Technology    Qemberra Systems
QEND Communication Qendale Media
QEPH Utilities     Qephera Power
QERK Energy        Qerkeon Fuels
QERN Materials     Qernova Chemicals
QILK Industrials   Qilkora Freight
QILT Discretionary Qiltane Outfitters
QIMB Staples       Qimberra Grocers
QINT Health        Qintiva Medical
QIPH Financials    Qiphera Insurance
QIRK Technology    Qirkeon Semiconductor
QIRM Communication Qirmont Telecom
QIRN Utilities     Qirnova Water
QISK Energy        Qiskolm Drilling
QIVR Materials     Qivran Paper
QOMB Industrials   Qomberra Aviation
QOND Discretionary Qondale Hotels
QONT Staples       Qontiva Brewing
QOPH Health        Qophera Biologics
QORM Financials    Qormont Capital
QORN Technology    Qornova Software
QOVR Communication Qovran Studios
XALT Utilities     Xaltane Gas
XALV Energy        Xalvara Petroleum
XAMB Materials     Xamberra Minerals
XAPH Industrials   Xaphera Machines
XARM Discretionary Xarmont Motors
XASK Staples       Xaskolm Foods
XELT Health        Xeltane Pharma
XELV Financials    Xelvara Bank
XEMB Technology    Xemberra Systems
XERD Communication Xerdell Media
XERK Utilities     Xerkeon Power
XERM Energy        Xermont Fuels
XERN Materials     Xernova Chemicals
XEST Industrials   Xestica Freight
XEVR Discretionary Xevran Outfitters
XILK Staples       Xilkora Grocers
XILT Health        Xiltane Medical
XIMB Financials    Ximberra Insurance
XIND Technology    Xindale Semiconductor
XIPH Communication Xiphera Telecom
XIRK Utilities     Xirkeon Water
XIRN Energy        Xirnova Drilling
XIVR Materials     Xivran Paper
XOLV Industrials   Xolvara Aviation
XONT Discretionary Xontiva Hotels
XOPH Staples       Xophera Brewing
XORK Health        Xorkeon Biologics
XORN Financials    Xornova Capital
XOSK Technology    Xoskolm Software
XOST Communication Xostica Studios
XOVR Utilities     Xovran Gas
XULV Energy        Xulvara Petroleum
XUPH Materials     Xuphera Minerals
XURD Industrials   Xurdell Machines
XURM Discretionary Xurmont Motors
XURN Staples       Xurnova Foods
XUVR Health        Xuvran Pharma
ZALT Financials    Zaltane Bank
ZALV Technology    Zalvara Systems
ZAMB Communication Zamberra Media
ZAND Utilities     Zandale Power
ZANT Energy        Zantiva Fuels
ZAPH Materials     Zaphera Chemicals
ZARK Industrials   Zarkeon Freight
ZARM Discretionary Zarmont Outfitters
ZARN Staples       Zarnova Grocers
ZAVR Health        Zavran Medical
ZENT Financials    Zentiva Insurance
ZERD Technology    Zerdell Semiconductor
ZILK Communication Zilkora Telecom
ZILV Utilities     Zilvara Water
ZINT Energy        Zintiva Drilling
ZIRD Materials     Zirdell Paper
ZIRK Industrials   Zirkeon Aviation
ZIRM Discretionary Zirmont Hotels
ZIRN Staples       Zirnova Brewing
ZIST Health        Zistica Biologics
ZOLK Financials    Zolkora Capital
ZOLV Technology    Zolvara Software
ZOMB Communication Zomberra Studios
ZOND Utilities     Zondale Gas
ZOPH Energy        Zophera Petroleum
ZOST Materials     Zostica Minerals
ZOVR Industrials   Zovran Machines
ZULK Discretionary Zulkora Motors
ZULV Staples       Zulvara Foods
ZUMB Health        Zumberra Pharma
ZUNT Financials    Zuntiva Bank
ZURD Technology    Zurdell Systems
ZURK Communication Zurkeon Media
ZUST Utilities     Zustica Power
"""

COMPANIES = tuple(Company(*line.split(maxsplit=2)) for line in _TABLE.strip().splitlines())
SECTORS = tuple(dict.fromkeys(company.sector for company in COMPANIES))

BENCHMARK = "SIMX"
RATE_SYMBOL = "GBPUSD"
