# Escape sequences for the screen, of which ../busybox_screen.py knows what they show.
# Each line begins with a place: ESC [ row ; column H.
esc() {
	printf "$@"
}
esc '\033[2J'
esc '\033[3;5Habc\033[3;6H\033[1@X'
esc '\033[4;1H12345\033[4;2H\033[2P'
esc '\033[5;1H12345\033[5;3H\033[K'
esc '\033[6;1H12345\033[6;3H\033[1K'
esc '\033[7;1H12345\033[7;2H\033[3X'
esc '\033[8;10r\033[8;1Hone\033[9;1Htwo\033[10;1Hthree\nfour\033[r'
esc '\033[12;1Ha\033[2Cb\033[2Dc'
esc '\033[13;78Hwxyz'
esc '\033(0\033[15;1Hqx\033(B'
esc '\033[16;1Hfirst\033[17;1Hsecond\033[16;1H\033[L'
esc '\033[19;1Hhere\0337\033[20;1Hthere\0338again'
esc '\033[21;1Hnever\rN\b\b\tT\033]0;a title\007.'
esc '\033[22;1Habc\033[22;1H\033[4hX\033[4l\033[?7l\033[23;79Hxyz\033[?7h'
esc '\033[24;1H'
