/** fast-check, with lists as long as their maxLength allows: its own default is ten items, whatever that says. */
import fc from 'fast-check';

fc.configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true });

export default fc;
