"""What every test may rely on, however the tests were started."""

import signal

# Begun by nohup or in a script's background, a process ignores these, and so would what is tested here.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)
