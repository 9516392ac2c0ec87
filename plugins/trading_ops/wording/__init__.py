"""How money, prices, shares and instants read, wherever a person meets them: page, mail, report, ticket."""
