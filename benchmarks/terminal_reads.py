def reads():
    return iter(())
