"""What the screens read of state: functions of a connection to frozen rows, by area."""
