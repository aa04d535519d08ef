"""What jobs do: observe a model's windows, make versions, judge them, deploy them, send messages."""
