// A share as text: only what is certain is called 100 %, only what cannot be 0 %.
const percent = p => (p >= 0.995 && p < 1 ? ">99" : p > 0 && p < 0.005 ? "<1" : Math.round(100 * p)) + " %";
